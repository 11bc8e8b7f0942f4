"""What a serving process keeps in memory: each city's types and its active model.

One background thread reads the database every `FORECAST_REFRESH_SECONDS`; requests only ever look
at the state it left. A database outage or a damaged model leaves the last good state in place.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError, close_old_connections

from complaints.catalogue import Catalogue
from complaints.models import City
from predictions.ml.header import ModelError
from predictions.ml.runtime import Forecaster as Runtime
from predictions.models import ModelVersion

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


@dataclass
class Serving:
    """The state of this process and the thread that renews it."""

    _state: State | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def state(self) -> State:
        """The current state; the first call reads it and starts the thread.

        Raises Django's OperationalError if the database cannot be read that first time.
        """
        if self._state is None or not settings.FORECAST_REFRESH_SECONDS:
            with self._lock:
                self._start()
        assert self._state is not None  # noqa: S101
        return self._state

    def loaded(self) -> State:
        """What is in memory, without ever waiting; empty before the first `state()`."""
        return self._state or {}

    def forget(self) -> None:
        """Know nothing again, as a process that has just begun."""
        self._state = None

    def _start(self) -> None:
        is_first = self._state is None
        self._state = read_state(self._state or {})
        if is_first and settings.FORECAST_REFRESH_SECONDS:
            threading.Thread(target=self._renew_forever, name="serving", daemon=True).start()

    def _renew_forever(self) -> None:
        while True:
            time.sleep(settings.FORECAST_REFRESH_SECONDS)
            try:
                close_old_connections()
                self._state = read_state(self._state or {})
            except (DatabaseError, InterfaceError) as error:
                logger.warning("serving goes on with what it knows: %s", error)


serving = Serving()


def read_state(before: State) -> State:
    """Read every city's state; models that are already loaded are kept."""
    versions = {
        version.city_id: version for version in ModelVersion.objects.active().without_bytes()
    }
    return {
        city.slug: _read_city(city, versions.get(city.pk), before.get(city.slug))
        for city in City.objects.all()
    }


def _read_city(city: City, version: ModelVersion | None, before: ServingCity | None) -> ServingCity:
    kept = before.model if before else None
    catalogue = Catalogue.of(city)
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
