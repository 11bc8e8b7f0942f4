"""What a serving process keeps in memory: each city with its types and its active model.

A damaged model leaves the last good one in place, as a database outage does (smart311.memory).
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from complaints.catalogue import Catalogue
from complaints.cities import KnownCity, cities
from complaints.models import City
from predictions.ml.header import ModelError
from predictions.ml.runtime import Forecaster as Runtime
from predictions.models import ModelVersion
from smart311.memory import Memory

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ServingModel:
    """A model that is loaded, checked and ready."""

    version: str
    sha256: str
    trained_at: datetime
    runtime: Runtime


@dataclass(frozen=True)
class ServingCity:
    """A city as requests see it. `trouble` says why the active version does not serve."""

    city: City
    catalogue: Catalogue
    model: ServingModel | None
    trouble: str = ""


State = Mapping[str, ServingCity]
"""Cities by slug."""


def read_state(before: State | None) -> State:
    """Read every city's state; models that are already loaded are kept."""
    before = before or {}
    versions = {
        version.city_id: version for version in ModelVersion.objects.active().without_bytes()
    }
    return {
        slug: _read_city(known, versions.get(known.city.pk), before.get(slug))
        for slug, known in cities.state().items()
    }


serving: Memory[State] = Memory(read_state)


def _read_city(
    known: KnownCity, version: ModelVersion | None, before: ServingCity | None
) -> ServingCity:
    city, catalogue = known.city, known.catalogue
    kept = before.model if before else None
    if version is None:
        return ServingCity(city, catalogue, None)
    if kept and kept.version == version.version and kept.sha256 == version.sha256:
        return ServingCity(city, catalogue, kept)
    try:
        return ServingCity(city, catalogue, _load(version))
    except ModelError as error:
        logger.error("model %s is refused: %s", version.version, error)
        return ServingCity(city, catalogue, kept, f"{version.version} is refused: {error}")


def _load(version: ModelVersion) -> ServingModel:
    return ServingModel(
        version=version.version,
        sha256=version.sha256,
        trained_at=version.trained_at,
        runtime=Runtime.load(bytes(version.onnx), version.header),
    )
