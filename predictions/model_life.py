"""What became of a version's promises, for the admin; and asking for a new version."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from complaints.models import City
from predictions.models import ModelVersion, PromiseCount
from predictions.promises import Accuracy
from predictions.tasks import retrain
from predictions.watch import note_retraining
from smart311.schedule import in_hand

SIDE = 200
"""Of the plot, in its own units."""


def lived(version: ModelVersion) -> Accuracy | None:
    """How the promises that this version made came out, as far as they have come due."""
    counts = PromiseCount.objects.of_model(version.version).filter(city=version.city_id)
    totals = counts.totals("city").first()
    return Accuracy.of(totals) if totals else None


def calibration_plot(found: Accuracy) -> SafeString:
    """Promised chances to be closed by p10, the median and p90, against the shares that were.

    Points on the diagonal were promised rightly. The same stands in a table.
    """
    pairs = (
        ("p10", 0.1, found.early),
        ("median", 0.5, found.before_median),
        ("p90", 0.9, found.early + found.kept),
    )
    points = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="5"><title>{}</title></circle>',
        ((_at(promised), SIDE - _at(was), name) for name, promised, was in pairs),
    )
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        ((name, f"{promised:.0%}", f"{was:.1%}") for name, promised, was in pairs),
    )
    return format_html(
        '<div class="desk-calibration"><svg viewBox="-8 -8 216 216" role="img" '
        'aria-label="Promised chances against what came true; the table has the same.">'
        '<path d="M0 0V{s}H{s}M0 {s}L{s} 0"/>{}</svg>'
        "<table><thead><tr><th>Closed by</th><th>Promised</th><th>Came true</th></tr></thead>"
        "<tbody>{}</tbody></table><p>{} promises have come due; mean error {} h.</p></div>",
        points,
        rows,
        f"{found.due:,}",
        f"{found.error_hours:.1f}",
        s=SIDE,
    )


def _at(share: float) -> float:
    return round(share * SIDE, 1)


def ask_for_training(city: City, now: datetime) -> str:
    """Queue a training unless one waits or runs; answers what to tell."""
    if in_hand(retrain.module_path, now, timedelta(0)).exists():
        return "A training is waiting or running already."
    note_retraining(city, now)
    retrain.enqueue(city.slug)
    return f"A training for {city} waits for a worker; it takes minutes. See Tasks."
