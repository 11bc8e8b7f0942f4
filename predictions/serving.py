"""What a serving process keeps in memory: each city with its types, its active model and its queue.

A damaged model leaves the last good one in place, as a database outage does (smart311.memory).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone

from complaints.catalogue import Catalogue
from complaints.cities import KnownCity, cities
from complaints.models import City
from predictions.ml.header import ModelError
from predictions.ml.queue import Queue
from predictions.ml.runtime import Forecaster as Runtime
from predictions.models import ModelVersion
from predictions.queue_snapshot import Snapshot, read_snapshot
from smart311.memory import Memory

logger = logging.getLogger(__name__)

RETRY_SECONDS = 30.0
"""How soon a version that could not be loaded is looked at again: somebody may have mended it."""
MOST_FALLBACKS = 3


@dataclass(frozen=True)
class ServingModel:
    """A model that is loaded, checked and ready."""

    version: str
    sha256: str
    trained_at: datetime
    runtime: Runtime


@dataclass(frozen=True)
class Refusal:
    """The active version that this process could not load, why, and when it tried (monotonic)."""

    version: str
    sha256: str
    reason: str
    tried_at: float

    def stands(self, version: ModelVersion) -> bool:
        """Whether to leave it at that: the same version, tried a short while ago."""
        is_same = (self.version, self.sha256) == (version.version, version.sha256)
        return is_same and time.monotonic() - self.tried_at < RETRY_SECONDS


@dataclass(frozen=True)
class ServingCity:
    """A city as requests see it. With a `refusal` an older version serves, or none."""

    city: City
    catalogue: Catalogue
    snapshot: Snapshot
    model: ServingModel | None
    refusal: Refusal | None = None

    @property
    def queue(self) -> Queue:
        """Who waits, as known a moment ago."""
        return self.snapshot.queue

    @property
    def trouble(self) -> str:
        """Why the active version does not serve, or nothing."""
        if self.refusal is None:
            return ""
        instead = f"{self.model.version} serves instead" if self.model else "nothing serves"
        return f"{self.refusal.version} is refused, {instead}: {self.refusal.reason}"


State = Mapping[str, ServingCity]
"""Cities by slug."""


def read_state(before: State | None) -> State:
    """Read every city's state; models that are already loaded are kept."""
    before, now = before or {}, timezone.now()
    active = ModelVersion.objects.active().without_bytes()
    versions = {version.city_id: version for version in active}
    return {
        slug: _read_city(known, versions.get(known.city.pk), before.get(slug), now)
        for slug, known in cities.state().items()
    }


serving: Memory[State] = Memory(read_state)


def _read_city(
    known: KnownCity, version: ModelVersion | None, before: ServingCity | None, now: datetime
) -> ServingCity:
    snapshot = read_snapshot(known.city, now, before.snapshot if before else None)
    make = partial(ServingCity, known.city, known.catalogue, snapshot)
    kept = before.model if before else None
    refusal = before.refusal if before else None
    if version is None:
        return _without_active(make, known.city, kept)
    if kept and kept.version == version.version and kept.sha256 == version.sha256:
        return make(kept)
    if refusal and refusal.stands(version):
        return make(kept, refusal)
    try:
        return make(load(version))
    except ModelError as error:
        logger.error("model %s is refused: %s", version.version, error)
        refusal = Refusal(version.version, version.sha256, str(error), time.monotonic())
        return make(kept or _newest_retired(known.city), refusal)


def _without_active(
    make: Callable[..., ServingCity], city: City, kept: ServingModel | None
) -> ServingCity:
    """Nobody takes the active row away on purpose: what served last goes on, with an alert."""
    model = kept or _newest_retired(city)
    lost = Refusal("no version", "", "the registry names no active one", time.monotonic())
    return make(model, lost if model else None)


def _newest_retired(city: City) -> ServingModel | None:
    """What served before: for a process that has just begun and finds the active one damaged."""
    retired = ModelVersion.objects.without_bytes().filter(
        city=city, status=ModelVersion.Status.RETIRED, activated_at__isnull=False
    )
    for version in retired.order_by("-activated_at")[:MOST_FALLBACKS]:
        try:
            return load(version)
        except ModelError as error:
            logger.error("model %s is refused as well: %s", version.version, error)
    return None


def load(version: ModelVersion) -> ServingModel:
    """The version ready to serve. Raises ModelError if it must not."""
    if "header" in version.get_deferred_fields():
        # Django's own way of reading JSON is one long call that lets no request in between.
        text = Cast("header", TextField())
        (header,) = ModelVersion.objects.filter(pk=version.pk).values_list(text, flat=True)
        version.header = msgspec.json.decode(header)
    if not version.has_intact_header():
        raise ModelError("the stored header is not the one that was trained")
    return ServingModel(
        version=version.version,
        sha256=version.sha256,
        trained_at=version.trained_at,
        runtime=Runtime.load(bytes(version.onnx), version.header),
    )
