"""The page in a real browser: what it shows, what it asks, and that nothing is blocked."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, expect
from pytest_django.live_server_helper import LiveServer

from complaints.phrases import chance_in_words
from complaints.tests.factories import NOON, make_complaint, make_type
from dashboard.tests.conftest import Watched
from dashboard.tests.reading import text_of
from dashboard.tests.test_promises import counted
from predictions.tests.small_model import activate_small_model

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE = {"width": 390, "height": 844}
DARK_PAPER = "rgb(14, 21, 30)"


@pytest.fixture(autouse=True)
def _complaints() -> None:
    for number in range(10):
        make_complaint(
            created_at=NOON - timedelta(days=number), closed_after_hours=number + 1 or None
        )
    for name in ("rodent", "lost-cause"):
        make_complaint(complaint_type=make_type(name), created_at=NOON)


@pytest.fixture
def watched(
    chromium: Browser, live_server: LiveServer, request: pytest.FixtureRequest
) -> Iterator[Watched]:
    """A fresh page that must stay quiet; `indirect` parameters go to the browser context."""
    options: dict[str, Any] = getattr(request, "param", {})
    context = chromium.new_context(reduced_motion="reduce", **options)
    seen = Watched(context.new_page(), live_server.url)
    yield seen
    context.close()
    assert seen.console_errors == []
    assert seen.outside_requests == []


def with_options(**options: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("watched", [options], indirect=True, ids=[", ".join(options)])


@with_options(java_script_enabled=False)
def test_the_numbers_need_no_script(watched: Watched) -> None:
    page = watched.visit()
    expect(page.locator(".key-figures")).to_contain_text("Open now 2")
    expect(page.locator(".types tbody tr")).to_have_count(3)


def test_the_chart_is_drawn_and_described(watched: Watched) -> None:
    page = watched.visit()
    chart = page.locator("#flow-chart")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart).to_have_attribute("aria-label", re.compile("each day.*table below"))
    page.get_by_text("The same as a table").click()
    expect(page.get_by_role("cell", name="3", exact=True).first).to_be_visible()


def test_promises_are_drawn_beside_what_was_meant(watched: Watched) -> None:
    counted(1, early=1, kept=8, late=1)
    counted(2, early=2, kept=6, late=2)
    page = watched.visit()
    chart = page.locator("#promises-chart")
    expect(chart.locator("canvas")).to_be_visible()
    expect(chart).to_have_attribute("aria-label", re.compile("promised ranges.*table below"))
    expect(page.locator('[data-part="kept"]')).to_have_text("70\u00a0%")


def test_the_chart_tells_a_day_on_hover(watched: Watched) -> None:
    page = watched.visit()
    chart = page.locator("#flow-chart")
    chart.scroll_into_view_if_needed()
    before = chart.screenshot()
    chart.hover()
    page.wait_for_timeout(300)
    assert chart.screenshot() != before


def test_a_service_without_a_model_says_so_in_place(watched: Watched) -> None:
    page = watched.visit()
    with page.expect_response("**/predict/**") as answered:
        page.get_by_role("button", name="Ask the forecast").click()
    assert answered.value.status == 503
    expect(page.get_by_role("alert")).to_have_text("No model is active for New York City yet.")
    # Chromium itself notes the failed fetch; nothing else may be wrong.
    assert len(watched.console_errors) == 1
    assert "503" in watched.console_errors.pop()


@pytest.mark.parametrize("kind", ["noise-residential", "rodent", "lost-cause"])
def test_the_browser_and_the_server_answer_in_the_same_words(
    watched: Watched, client: Client, kind: str
) -> None:
    activate_small_model()
    page = watched.visit()
    with page.expect_response("**/predict/**") as answered:
        page.get_by_label("What is it about?").select_option(kind)
    assert answered.value.ok
    expect(page.locator("#answer")).not_to_have_attribute("aria-busy", "true")
    said = " ".join(page.locator("#answer").inner_text().replace("\N{NO-BREAK SPACE}", " ").split())
    address = page.url
    assert f"complaint_type={kind}" in address
    page.goto("about:blank")
    page.goto(address)
    expect(page.locator("#answer")).to_contain_text("such complaints")
    again = page.locator("#answer").inner_text().replace("\N{NO-BREAK SPACE}", " ")
    assert " ".join(again.split()) == said
    assert "such complaints" in text_of(client, complaint_type=kind)


def test_a_refused_question_shows_the_reason_in_place(watched: Watched) -> None:
    activate_small_model()
    page = watched.visit()
    page.locator("#forecast form").evaluate("form => { form.noValidate = true; }")
    page.get_by_label("Latitude").fill("12")
    with page.expect_response("**/predict/**"):
        page.get_by_role("button", name="Ask the forecast").click()
    expect(page.get_by_role("alert")).to_contain_text("expected one in New York City")
    assert len(watched.console_errors) == 1
    assert "400" in watched.console_errors.pop()


@with_options(geolocation={"latitude": 40.71234, "longitude": -73.9}, permissions=["geolocation"])
def test_my_position_is_asked_about(watched: Watched) -> None:
    activate_small_model()
    page = watched.visit()
    with page.expect_response("**latitude=40.71234&longitude=-73.90000**"):
        page.get_by_role("button", name="Use my position").click()
    expect(page.locator("#answer")).to_contain_text("such complaints")


@with_options(viewport=PHONE)
def test_a_phone_needs_no_sideways_scrolling(watched: Watched) -> None:
    activate_small_model()
    page = watched.visit()
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


@with_options(color_scheme="dark")
def test_dark_mode_is_dark_and_the_chart_follows_a_change(watched: Watched) -> None:
    page = watched.visit()
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == DARK_PAPER
    dark_chart = page.locator("#flow-chart").screenshot()
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(100)
    assert page.evaluate(paper) != DARK_PAPER
    assert page.locator("#flow-chart").screenshot() != dark_chart


def test_the_keyboard_reaches_everything(watched: Watched) -> None:
    page = watched.visit()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    reached = set()
    for _ in range(30):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim().split('\\n')[0]"))
    assert {"Use my position", "Ask the forecast", "The same as a table", "Staff"} <= reached


def test_print_leaves_out_what_paper_cannot_do(watched: Watched) -> None:
    page = watched.visit()
    page.emulate_media(media="print")
    expect(page.locator("#forecast form")).to_be_hidden()
    expect(page.locator(".key-figures")).to_be_visible()


def test_the_policy_would_be_heard_if_it_were_broken(watched: Watched) -> None:
    page = watched.visit()
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">red</p>')")
    page.wait_for_timeout(100)
    assert len(watched.console_errors) == 1
    assert "Content Security Policy" in watched.console_errors.pop()


def test_both_languages_write_chances_alike(watched: Watched) -> None:
    page = watched.visit()
    shares = [count / 999 for count in range(1_000)] + [0, 1, 0.005, 0.995]
    found = page.evaluate(
        """async (shares) => {
            const words = await import("/static/dashboard/words.js");
            return shares.map(words.chanceInWords);
        }""",
        shares,
    )
    assert found == [chance_in_words(share) for share in shares]
