"""Who may serve: judged by the gate, let in and withdrawn by people, each act on record."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from complaints.models import City
from predictions.ml.header import ModelError
from predictions.models import ModelVersion
from predictions.serving import load

if TYPE_CHECKING:
    # Loads the training libraries, which a web process has no use for.
    from predictions.gate import Verdict

Status = ModelVersion.Status


class Unfit(ValueError):
    """The stored model must not serve: damaged, or giving other answers than at its training."""


class ReasonNeeded(ValueError):
    """The gate refused it or somebody withdrew it; a person who wants it all the same says why."""


class NothingBefore(ValueError):
    """There is no version to go back to."""


def check_fitness(version: ModelVersion) -> None:
    """Load it as a server would, canned queries included. Raises Unfit."""
    if version.pruned_at:
        raise Unfit(
            f"{version.version}: its bytes were given away on {version.pruned_at:%Y-%m-%d}, when "
            "newer ones were kept; train a new version."
        )
    try:
        load(version)
    except ModelError as error:
        raise Unfit(f"{version.version}: {error}") from error


def serving_version(slug: str) -> str:
    """The name of the city's active version, if it can be loaded; else nothing."""
    version = ModelVersion.objects.active().filter(city__slug=slug).first()
    if version is None:
        return ""
    try:
        check_fitness(version)
    except Unfit:
        return ""
    return version.version


def activate(version: ModelVersion, by: str, reason: str = "") -> None:
    """Let a version serve. Serving processes change over within seconds.

    A version that the gate refused, or that was withdrawn, needs a reason. Raises ReasonNeeded,
    Unfit; then nothing changes.
    """
    if version.needs_reason and not reason.strip():
        raise ReasonNeeded(
            f"{version.version} did not pass the gate or was withdrawn; to let it serve all the "
            "same, give a reason."
        )
    check_fitness(version)
    with transaction.atomic():
        version.activate()
        _record(version, "activated", by, reason, timezone.now())


def admit(version: ModelVersion, verdict: Verdict) -> bool:
    """Store the gate's verdict and act on it; answers whether the version serves now.

    Raises Unfit if it passed but cannot be loaded; then it is refused.
    """
    version.verdict = dict(verdict)
    version.save(update_fields=["verdict"])
    if not verdict["passed"]:
        version.refuse()
        return False
    try:
        activate(version, by="the gate")
    except Unfit:
        version.refuse()
        raise
    return True


def roll_back(active: ModelVersion, by: str, reason: str = "") -> ModelVersion:
    """Withdraw the serving version in favour of the one that served before it; answers that one.

    Versions that cannot be loaded are passed over. The withdrawn one is refused, so that another
    roll-back goes further back. Raises ValueError if `active` does not serve any more,
    NothingBefore.
    """
    with transaction.atomic():
        # The lock of activations: two roll-backs at once must not withdraw two versions.
        City.objects.select_for_update().get(pk=active.city_id)
        if not ModelVersion.objects.active().filter(pk=active.pk).exists():
            raise ValueError(f"{active.version} does not serve now; nothing was rolled back.")
        before = _newest_fit(active)
        now = timezone.now()
        before.activate()
        active.refuse()
        _record(active, "withdrawn", by, reason, now)
        _record(before, f"activated, back from {active.version}", by, reason, now)
    return before


def _newest_fit(active: ModelVersion) -> ModelVersion:
    served = ModelVersion.objects.filter(
        city_id=active.city_id,
        status=Status.RETIRED,
        activated_at__isnull=False,
        pruned_at=None,
    )
    # One after the other: each is megabytes.
    for key in served.order_by("-activated_at").values_list("pk", flat=True):
        version = ModelVersion.objects.get(pk=key)
        try:
            check_fitness(version)
        except Unfit:
            continue
        return version
    raise NothingBefore(f"No version that can serve was active before {active.version}.")


def _record(version: ModelVersion, act: str, by: str, reason: str, at: datetime) -> None:
    # Read under the city's lock, so that no entry is lost.
    version.refresh_from_db(fields=["history"])
    entry: dict[str, Any] = {"act": act, "at": at.isoformat(), "by": by, "reason": reason.strip()}
    version.history = [*version.history, entry]
    version.save(update_fields=["history"])
