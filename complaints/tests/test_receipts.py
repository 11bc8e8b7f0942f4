"""Idempotency keys: one request, however often it is sent."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from complaints import receipts
from complaints.models import Complaint, ComplaintType, IntakeReceipt
from complaints.receipts import Answer
from complaints.tests.factories import make_city, make_type
from complaints.tests.forecasters import FixedForecaster

GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}
KEY = "0123456789abcdef"
PARALLEL = 40


@pytest.fixture(autouse=True)
def _kind(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    make_type()
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)


def post(client: Client, body: Any = GOOD, key: str = KEY) -> Any:
    return client.post(
        "/api/v1/complaints/", body, content_type="application/json", HTTP_IDEMPOTENCY_KEY=key
    )


def test_the_same_request_gets_the_same_answer_and_one_row(client: Client) -> None:
    first, again = post(client), post(client, dict(reversed(GOOD.items())))
    assert (first.status_code, first.content) == (201, again.content)
    assert first["Location"] == again["Location"]
    assert "Idempotency-Replayed" not in first
    assert again["Idempotency-Replayed"] == "true"
    assert IntakeReceipt.objects.get().complaint == Complaint.objects.get()


def test_the_answer_stays_even_when_the_type_is_retired(client: Client) -> None:
    first = post(client)
    ComplaintType.objects.update(is_active=False)
    assert post(client).content == first.content


def test_the_key_with_another_payload_is_a_422(client: Client) -> None:
    post(client)
    response = post(client, {**GOOD, "zip": "11354"})
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    assert Complaint.objects.count() == 1


def test_a_refused_request_leaves_its_key_unused(client: Client) -> None:
    assert post(client, {**GOOD, "latitude": 91}).status_code == 400
    assert post(client).status_code == 201


@pytest.mark.parametrize("key", ["", "1234567", "x" * 129, "a\tb\tc\td\te", "ключключ", " " * 9])
def test_a_key_that_is_none_is_a_400(client: Client, key: str) -> None:
    response = post(client, key=key)
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == "/Idempotency-Key"
    assert not Complaint.objects.exists()


@pytest.mark.parametrize("key", ["12345678", "x" * 128, "two words"])
def test_keys_of_eight_to_128_characters_are_taken(client: Client, key: str) -> None:
    assert post(client, key=key).status_code == 201


def test_without_a_key_each_request_is_a_complaint(client: Client) -> None:
    for _ in range(2):
        client.post("/api/v1/complaints/", GOOD, content_type="application/json")
    assert Complaint.objects.count() == 2
    assert not IntakeReceipt.objects.exists()


def test_keys_are_forgotten_after_thirty_days(client: Client) -> None:
    post(client, key="an-old-key")
    post(client, key="a-new-key")
    old = timezone.now() - timedelta(days=30, minutes=1)
    IntakeReceipt.objects.filter(key="an-old-key").update(created_at=old)
    out = StringIO()
    call_command("purge_receipts", stdout=out)
    assert out.getvalue() == "1 keys forgotten.\n"
    assert IntakeReceipt.objects.get().key == "a-new-key"
    assert Complaint.objects.count() == 2


def in_parallel(count: int, call: Callable[[], Any]) -> list[Any]:
    """What `call` answers in so many threads that begin together."""
    barrier = threading.Barrier(count)

    def run() -> Any:
        barrier.wait()
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(count)]]


@pytest.mark.django_db(transaction=True)
def test_many_requests_at_once_with_one_key_are_one_row() -> None:
    answers = in_parallel(PARALLEL, lambda: post(Client()))
    assert Complaint.objects.count() == 1
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("Idempotency-Replayed" not in answer for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_without_the_claim_they_would_be_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receipts, "claim", lambda *_: True)
    in_parallel(PARALLEL, lambda: post(Client()))
    assert Complaint.objects.count() == PARALLEL


@pytest.fixture
def held_key() -> Iterator[Callable[[], None]]:
    """The key, claimed by a request that has not ended; calling it ends the request."""
    is_claimed, may_end = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            receipts.claim(make_city(), "api:anyone", KEY, "", Answer(201, "{}"))
            is_claimed.set()
            may_end.wait(20)
            transaction.set_rollback(True)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    is_claimed.wait(20)

    def end() -> None:
        may_end.set()
        thread.join()

    yield end
    end()


@pytest.mark.django_db(transaction=True)
def test_while_the_first_runs_the_second_is_told_to_wait(
    client: Client, monkeypatch: pytest.MonkeyPatch, held_key: Callable[[], None]
) -> None:
    monkeypatch.setattr(receipts, "LOCK_TIMEOUT", "100ms")
    response = post(client)
    assert response.status_code == 409
    assert response["Retry-After"] == "1"
    assert not Complaint.objects.exists()
    # The first one failed: nothing of it stays, and its key is free.
    held_key()
    assert post(client).status_code == 201
