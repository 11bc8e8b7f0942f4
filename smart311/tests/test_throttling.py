"""Limits: never more than allowed, whoever counts, and hardly a statement for it."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from fakeredis import FakeStrictRedis
from hypothesis import given
from hypothesis import strategies as st
from redis import RedisError

from complaints.models import Complaint
from complaints.tests.factories import make_type
from smart311 import counters, throttling
from smart311.accounts.tests.people import make_key, with_key
from smart311.counters import Counter, LocalCounter, PostgresCounter, RedisCounter
from smart311.models import ThrottleCount
from smart311.throttling import Limiter

GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}
BULK = "/api/v1/complaints/bulk/"


@pytest.fixture(autouse=True)
def _one_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock stands still, 20 seconds before a minute ends."""
    monkeypatch.setattr("smart311.throttling.time", lambda: 1_800_000_040.0)


@pytest.fixture
def limits(settings: Any) -> Any:
    settings.LIMITS_PER_MINUTE = {
        "anonymous_filing": 3,
        "anonymous_reading": 5,
        "key_filing": 6,
        "key_reading": 7,
        "anonymous_failed_keys": 2,
    }
    return settings.LIMITS_PER_MINUTE


def file(client: Client, body: Any = None, path: str = "/api/v1/complaints/") -> Any:
    return client.post(path, body or GOOD, content_type="application/json")


def statuses(client: Client, times: int, path: str = "/api/v1/complaints/") -> list[int]:
    return [client.get(path).status_code for _ in range(times)]


@pytest.mark.django_db
def test_over_the_limit_is_a_429_that_says_when_to_return(client: Client, limits: Any) -> None:
    make_type()
    assert [file(client).status_code for _ in range(3)] == [201, 201, 201]
    response = file(client)
    assert response.status_code == 429
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == "20"
    assert response.json()["title"] == "Too Many Requests"
    assert Complaint.objects.count() == 3


@pytest.mark.django_db
def test_the_next_minute_begins_anew(
    client: Client, limits: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert statuses(client, 6)[-1] == 429
    monkeypatch.setattr("smart311.throttling.time", lambda: 1_800_000_060.0)
    assert statuses(client, 6) == [200] * 5 + [429]


@pytest.mark.django_db
@pytest.mark.parametrize(("now", "left"), [(0.0, 60), (59.0, 1), (59.999, 1), (0.001, 60)])
def test_the_wait_is_whole_seconds_and_never_none(
    monkeypatch: pytest.MonkeyPatch, now: float, left: int
) -> None:
    monkeypatch.setattr("smart311.throttling.time", lambda: 1_800_000_000.0 + now)
    assert throttling.seconds_left() == left


@pytest.mark.django_db
def test_reading_filing_and_each_account_count_apart(client: Client, limits: Any) -> None:
    make_type()
    _, secret = make_key()
    assert statuses(client, 6).count(200) == 5
    assert [file(client).status_code for _ in range(4)].count(201) == 3
    assert statuses(with_key(secret), 8).count(200) == 7
    assert [file(with_key(secret)).status_code for _ in range(7)].count(201) == 6


@pytest.mark.django_db
def test_each_complaint_of_a_bulk_counts(limits: Any) -> None:
    make_type()
    client = with_key(make_key()[1])
    assert file(client, [GOOD] * 4, BULK).status_code == 201
    assert file(client, [GOOD] * 3, BULK).status_code == 429
    # The refused one has used up nothing.
    assert [file(client).status_code for _ in range(3)] == [201, 201, 429]
    assert Complaint.objects.count() == 6


@pytest.mark.django_db
def test_a_bulk_counts_in_one_statement(client: Client) -> None:
    make_type()
    with CaptureQueriesContext(connection) as queries:
        assert file(client, [GOOD] * 50, BULK).status_code == 201
    assert sum("throttlecount" in query["sql"] for query in queries) == 1
    assert ThrottleCount.objects.get().used == 50


@pytest.mark.django_db
def test_a_bulk_that_is_no_json_is_told_so_and_counts(client: Client) -> None:
    response = client.post(BULK, "[{", content_type="application/json")
    assert response.status_code == 400
    assert "not JSON" in response.json()["detail"]
    assert ThrottleCount.objects.get().used == 12


@pytest.mark.django_db
def test_a_bulk_larger_than_the_limit_takes_a_whole_minute(limits: Any) -> None:
    make_type()
    client = with_key(make_key()[1])
    assert file(client, [GOOD] * 20, BULK).status_code == 201
    assert file(client).status_code == 429


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path",
    ["/predict/x", "/predict_async/x", "/complaints/time/x", "/complaints/x?hour=1", "/healthz"],
)
def test_what_load_tests_call_has_no_limit(client: Client, limits: Any, path: str) -> None:
    assert 429 not in statuses(client, 20, path)
    assert not ThrottleCount.objects.exists()


@pytest.mark.django_db
def test_who_reads_little_causes_no_statement(
    client: Client, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        client.get("/api/v1/complaints/")
    for _ in range(118):
        client.get("/api/v1/me/")
    with django_assert_num_queries(0):
        client.get("/api/v1/me/")
    with django_assert_num_queries(1):
        client.get("/api/v1/me/")
    # The credit is told together with the next share.
    assert ThrottleCount.objects.get().used == 240


@pytest.mark.django_db
def test_filing_takes_a_hundredth_of_the_limit_at_a_time(client: Client) -> None:
    make_type()
    used = []
    for _ in range(13):
        file(client)
        used.append(ThrottleCount.objects.get().used)
    assert used == [12] * 12 + [24]


@pytest.mark.django_db
def test_many_bad_keys_are_not_looked_at_any_more(
    limits: Any, django_assert_num_queries: Any
) -> None:
    bad, good = with_key("s311_" + "0" * 64), with_key(make_key()[1])
    assert statuses(bad, 4, "/api/v1/me/") == [401, 401, 429, 429]
    with django_assert_num_queries(0):
        response = bad.get("/api/v1/me/")
    assert response["Retry-After"] == "20"
    # From that address guessing has an end, right or wrong; from others the key works.
    assert good.get("/api/v1/me/").status_code == 429
    assert good.get("/api/v1/me/", REMOTE_ADDR="203.0.113.7").status_code == 200


@pytest.mark.django_db
def test_a_spent_limit_costs_no_more_statements(
    client: Client, limits: Any, django_assert_num_queries: Any
) -> None:
    statuses(client, 6)
    with django_assert_num_queries(0):
        assert client.get("/api/v1/complaints/").status_code == 429


@pytest.mark.django_db
def test_counts_of_the_past_are_deleted() -> None:
    counter = PostgresCounter()
    counter.add("old", 1, -3600)
    counter._purged_at = -1e9
    counter.add("new", 1, 120)
    assert list(ThrottleCount.objects.values_list("key", flat=True)) == ["new"]


@pytest.mark.django_db
def test_the_counts_are_in_no_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relpersistence FROM pg_class WHERE relname = 'smart311_throttlecount'"
        )
        assert cursor.fetchone() == ("u",)


class BrokenCounter:
    def add(self, key: str, amount: int, seconds: int) -> int:
        raise OperationalError("the server closed the connection unexpectedly")


@pytest.mark.django_db
def test_without_its_database_a_limit_answers_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling.limiter, "counter", BrokenCounter())
    response = file(client)
    assert response.status_code == 503
    assert response["Retry-After"] == "5"


# Counting itself ----------------------------------------------------------------------------------


@pytest.fixture(params=["local", "redis"])
def counter(request: pytest.FixtureRequest) -> Counter:
    if request.param == "local":
        return LocalCounter()
    found = RedisCounter("redis://127.0.0.1:1")
    found._redis = FakeStrictRedis()
    return found


def test_a_counter_adds_up_under_each_key(counter: Counter) -> None:
    assert [counter.add("a", amount, 60) for amount in (1, 5, 2)] == [1, 6, 8]
    assert counter.add("b", 3, 60) == 3


def test_redis_forgets_a_count(counter: Counter) -> None:
    counter.add("a", 1, 60)
    if isinstance(counter, RedisCounter):
        assert 0 < counter._redis.ttl("smart311:a") <= 60


def test_where_redis_is_down_each_process_counts_for_itself(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    counter = RedisCounter("redis://127.0.0.1:1")
    assert [counter.add("a", 1, 60) for _ in range(3)] == [1, 2, 3]
    assert caplog.text.count("Redis does not count") == 1
    # Asked again later, it counts there again.
    monkeypatch.setattr(counters, "REDIS_LEFT_ALONE_SECONDS", 0.0)
    counter._down_until = 0.0
    counter._redis = FakeStrictRedis()
    assert counter.add("a", 1, 60) == 1


def test_a_redis_that_answers_an_error_is_down_too(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = RedisCounter("redis://127.0.0.1:1")
    counter._redis = FakeStrictRedis()
    counter._redis.set("smart311:a", "not a number")
    with pytest.raises(RedisError):
        counter._redis.incrby("smart311:a", 1)
    assert counter.add("a", 1, 60) == 1


@given(
    limit=st.integers(1, 400),
    amounts=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 30)), max_size=120),
)
def test_processes_together_never_give_out_more_than_the_limit(
    limit: int, amounts: list[tuple[int, int]]
) -> None:
    shared = LocalCounter()
    processes = [Limiter(shared) for _ in range(3)]
    given_out = sum(
        amount for process, amount in amounts if processes[process].take("x", limit, amount)
    )
    assert given_out <= limit


@given(limit=st.integers(1, 5000), processes=st.integers(1, 4))
def test_credit_lets_each_process_through_a_hundredth_more_at_most(
    limit: int, processes: int
) -> None:
    shared = LocalCounter()
    found = [Limiter(shared) for _ in range(processes)]
    takes = [
        process.take("x", limit, is_on_credit=True)
        for _ in range(limit // processes + limit // 100 + 2)
        for process in found
    ]
    assert limit - processes * (limit // 100) <= sum(takes) <= limit + processes * (limit // 100)


def test_one_process_alone_gives_out_the_whole_limit() -> None:
    for limit in (1, 7, 99, 100, 101, 1200):
        for on_credit in (False, True):
            limiter = Limiter(LocalCounter())
            takes = [limiter.take("x", limit, 1, on_credit) for _ in range(limit + 50)]
            assert sum(takes) == limit


def run_threads(limiters: list[Limiter], each: int, limit: int) -> int:
    """How many of each thread's `each` takes are let through, one thread a limiter given."""
    start = threading.Barrier(len(limiters))

    def run(limiter: Limiter) -> int:
        start.wait()
        try:
            return sum(limiter.take("x", limit) for _ in range(each))
        finally:
            connection.close()

    with ThreadPoolExecutor(len(limiters)) as pool:
        return sum(pool.map(run, limiters))


@pytest.fixture
def _database(transactional_db: None) -> Iterator[None]:
    yield
    ThrottleCount.objects.all().delete()


@pytest.mark.usefixtures("_database")
@pytest.mark.parametrize("limit", [40, 350])
def test_threads_never_get_more_than_the_limit(limit: int) -> None:
    shared = Limiter(PostgresCounter())
    assert run_threads([shared] * 8, 60, limit) == limit


@pytest.mark.usefixtures("_database")
def test_threads_of_several_processes_never_get_more_than_the_limit() -> None:
    assert run_threads([Limiter(PostgresCounter()) for _ in range(6)], 20, 50) == 50


def test_with_counters_of_their_own_they_would_get_more() -> None:
    assert run_threads([Limiter(LocalCounter()) for _ in range(6)], 20, 50) == 120
