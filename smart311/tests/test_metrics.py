"""`GET /metrics`."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from smart311 import __version__


def samples(client: Client, path: str = "/metrics") -> dict[tuple[str, str], float]:
    response = client.get(path)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    return {
        (sample.name, ",".join(f"{k}={v}" for k, v in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(response.content.decode())
        for sample in family.samples
    }


@pytest.mark.django_db
@pytest.mark.parametrize("slash", ["", "/"])
def test_it_tells_the_build(client: Client, slash: str) -> None:
    assert samples(client, f"/metrics{slash}")["smart311_build_info", f"version={__version__}"] == 1


@pytest.mark.django_db
def test_a_source_without_its_database_leaves_the_others_standing(
    client: Client, settings: Any
) -> None:
    settings.METRICS = [f"{__name__}.failing", "smart311.metrics.build"]
    found = samples(client)
    assert found["smart311_metrics_source_up", f"source={__name__}.failing"] == 0
    assert found["smart311_metrics_source_up", "source=smart311.metrics.build"] == 1
    assert found["smart311_build_info", f"version={__version__}"] == 1


def failing() -> None:
    raise OperationalError("gone")


@pytest.mark.django_db
def test_counts_of_several_processes_are_summed(
    client: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    counting = (
        "from prometheus_client import Counter;"
        "Counter('tried', 'Tried', ['what']).labels('this').inc({})"
    )
    for number in (2, 3):
        subprocess.run(
            [sys.executable, "-c", counting.format(number)],
            env=os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)},
            check=True,
        )
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    assert samples(client)["tried_total", "what=this"] == 5
