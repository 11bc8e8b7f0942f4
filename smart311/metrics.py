"""`GET /metrics` for Prometheus: what processes counted, and what the database knows.

Counters are summed over web, lane and worker of a host through the folder that
`PROMETHEUS_MULTIPROC_DIR` names (prometheus-client's multiprocess mode; `manage.py start` sets it,
and `smart311.gunicorn_hooks` tells it of ended workers). Without it a process knows only itself.
What stands in the database is read when asked for, by `settings.METRICS`.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Iterator

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from smart311 import __version__

logger = logging.getLogger(__name__)

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

Source = Callable[[], Iterable[Metric]]


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Everything that is measured, in Prometheus' text format."""
    registry = CollectorRegistry()
    if folder := os.environ.get(FOLDER_VARIABLE):
        MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
    else:
        registry.register(_From(REGISTRY.collect))
    registry.register(_From(_asked))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _From(Collector):
    """A function as Prometheus' collector."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def describe(self) -> list[Metric]:
        """Nothing: else registering would already collect."""
        return []

    def collect(self) -> Iterable[Metric]:
        """What the function gives."""
        return self._source()


def _asked() -> Iterator[Metric]:
    """What each of settings.METRICS gives; one that fails leaves the others standing."""
    answered = GaugeMetricFamily(
        "smart311_metrics_source_up", "Whether this source of metrics answered", labels=["source"]
    )
    for path in settings.METRICS:
        try:
            found = list(import_string(path)())
        except (DatabaseError, InterfaceError) as error:
            logger.warning("no metrics from %s: %s", path, error)
            found = []
            answered.add_metric([path], 0)
        else:
            answered.add_metric([path], 1)
        yield from found
    yield answered


def build() -> Iterator[Metric]:
    """Which program this is."""
    yield InfoMetricFamily("smart311_build", "The running program", {"version": __version__})
