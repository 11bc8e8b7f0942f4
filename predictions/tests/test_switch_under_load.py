"""Changing models while web and lane are asked without pause: real processes, real connections."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from complaints.tests.factories import make_type
from predictions import registry
from predictions.answers import answer
from predictions.models import ModelVersion
from predictions.serving import load, serving
from predictions.tests.live_servers import LANE, WEB, Asker, serving_processes
from predictions.tests.small_model import (
    TYPICAL_HOURS,
    activate_small_model,
    copy_of,
    giving_nan,
    slower,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

SWITCH_SECONDS = 5.0
QUERIES = [
    f"{kind}?latitude={latitude}&longitude=-73.9&created_date=2021-07-1{day}T12:00:00"
    for kind, latitude, day in zip(TYPICAL_HOURS, (40.65, 40.7, 40.75), (0, 3, 6), strict=True)
]


def answers_of(version: ModelVersion) -> dict[str, bytes]:
    """What one version answers to each query, byte for byte."""
    known = replace(serving.state()["nyc"], model=load(version))
    now = datetime.now(UTC)

    def ask(query: str) -> bytes:
        kind, _, rest = query.partition("?")
        return answer(known, kind, rest, now, "").body

    return {query: ask(query) for query in QUERIES}


def told(
    asker: Asker, first: dict[str, bytes], second: dict[str, bytes]
) -> list[tuple[float, str]]:
    """When each answer came and which version gave it; an answer of neither fails."""
    assert not asker.failures
    found = []
    for heard in asker.heard:
        query = heard.path.split("/", 2)[2]
        assert heard.status == 200, heard
        versions = [
            name
            for name, all_ in (("first", first), ("second", second))
            if all_[query] == heard.body
        ]
        assert len(versions) == 1, f"neither version, or both, would answer {heard.body!r}"
        found.append((heard.at, versions[0]))
    return found


def test_a_switch_under_load_fails_nothing_mixes_nothing_and_is_seen_in_five_seconds() -> None:
    for kind in TYPICAL_HOURS:
        make_type(kind)
    first = activate_small_model()
    second = slower(first, "small-2")
    expected = answers_of(first), answers_of(second)
    with (
        serving_processes(WEB) as web_port,
        serving_processes(LANE) as lane_port,
        Asker(web_port, [f"/predict/{query}" for query in QUERIES], clients=4) as web,
        Asker(lane_port, [f"/predict_async/{query}" for query in QUERIES], clients=2) as lane,
    ):
        time.sleep(1)
        registry.activate(second, "a test", "another model")
        switched_at = time.monotonic()
        time.sleep(SWITCH_SECONDS + 1)
        # Two that must not serve: the second goes on.
        for name, damage in (
            ("junk", {"onnx": b"junk"}),
            ("sick", giving_nan(bytes(first.onnx), first.header)),
        ):
            ModelVersion.objects.active().update(status="retired")
            copy_of(first, name, status="active", **damage)
            time.sleep(3)
        damaged_until = time.monotonic()
        registry.activate(ModelVersion.objects.get(version="small-1"), "a test")
        returned_at = time.monotonic()
        time.sleep(SWITCH_SECONDS + 1)
    for asker in (web, lane):
        found = told(asker, *expected)
        assert len(found) > 100
        assert {name for at, name in found if at < switched_at} == {"first"}
        settled = switched_at + SWITCH_SECONDS
        assert {name for at, name in found if settled < at < damaged_until} == {"second"}
        assert {name for at, name in found if at > returned_at + SWITCH_SECONDS} == {"first"}


def test_the_comparison_notices_a_mixed_answer() -> None:
    one, other = {QUERIES[0]: b'{"estimated_time":1,"version":"a"}'}, {QUERIES[0]: b'{"b":2}'}
    from predictions.tests.live_servers import Heard

    asker = Asker(0, [], clients=0)
    asker.heard.append(
        Heard(0.0, f"/predict/{QUERIES[0]}", 200, b'{"estimated_time":1,"version":"b"}')
    )
    with pytest.raises(AssertionError, match="neither version"):
        told(asker, one, other)
