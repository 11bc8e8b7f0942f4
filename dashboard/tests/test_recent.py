"""Readers who ask for the same at once share one answer, for a moment only."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.utils import timezone

from complaints.tests.factories import make_city, make_complaint
from dashboard import recent
from dashboard.overview import read_overview
from dashboard.recent import MOST_KEPT, recent_overview
from dashboard.selection import Selection, read_selection
from dashboard.standing import Standing

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _kept(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DASHBOARD_FRESH_SECONDS = 600
    monkeypatch.setattr(recent, "_kept", type(recent._kept)())


def choose(query: str = "7d") -> Selection:
    return read_selection(QueryDict(f"range={query}"), make_city(), timezone.now())


def filed(query: str = "7d") -> int:
    return recent_overview(choose(query), timezone.now())[0].now.filed


def test_what_was_just_read_is_shared_and_another_filter_is_read() -> None:
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    assert filed() == 1
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    assert filed() == 1
    assert filed("30d") == 2


def test_it_is_read_again_when_the_moment_is_over(settings: Any) -> None:
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    assert filed() == 1
    make_complaint(created_at=timezone.now() - timedelta(hours=1))
    settings.DASHBOARD_FRESH_SECONDS = 0.0001
    assert filed() == 2


def test_who_asks_while_it_is_read_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    make_complaint()
    chosen, found = choose(), read_overview(choose(), timezone.now())
    reads, go_on = [], Event()

    def slowly(*_: object) -> Any:
        reads.append(1)
        go_on.wait(10)
        return found

    monkeypatch.setattr(recent, "read_overview", slowly)
    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(recent_overview, chosen, timezone.now()) for _ in range(8)]
        go_on.set()
        answers = [each.result(10) for each in asked]
    assert len(reads) == 1
    assert sorted(is_new for _, is_new in answers) == [False] * 7 + [True]


def test_only_so_many_filters_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    make_complaint()
    found = read_overview(choose(), timezone.now())
    monkeypatch.setattr(recent, "read_overview", lambda *_: found)
    for number in range(MOST_KEPT + 5):
        chosen = read_selection(
            QueryDict(f"from=20{10 + number // 12}-{number % 12 + 1:02}-01"),
            make_city(),
            timezone.now(),
        )
        recent_overview(chosen, timezone.now())
    assert len(recent._kept) == MOST_KEPT


def test_shared_live_figures_have_no_tag_that_would_keep_them(client: Client) -> None:
    make_complaint()
    first = client.get("/dashboard/live.json?range=7d")
    assert "ETag" in first
    make_complaint()
    shared = client.get("/dashboard/live.json?range=7d", headers={"If-None-Match": first["ETag"]})
    assert shared.status_code == 200
    assert shared.json()["cards"] == first.json()["cards"]
    assert "ETag" not in shared


def test_a_page_is_shared_with_who_asks_alike_only(client: Client) -> None:
    make_complaint()

    def page(query: str, language: str = "en") -> bytes:
        answer = client.get(f"/dashboard/?{query}", headers={"Accept-Language": language})
        assert (answer.status_code, answer["Content-Language"]) == (200, language)
        return answer.content

    first = page("range=7d")
    make_complaint()
    assert page("range=7d") == first
    assert page("range=7d", "es") != first
    assert page("range=30d") != first


def test_a_page_that_fails_is_asked_for_again(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_complaint()
    client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr(Standing, "find", lambda *_: 1 / 0)
        assert client.get("/dashboard/").status_code == 500
    assert client.get("/dashboard/").status_code == 200
