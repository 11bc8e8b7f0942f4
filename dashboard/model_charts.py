"""Charts of the model page: what was said against what came true, and the ranges that were kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.phrases import percent_in_words
from dashboard.cards import in_words
from dashboard.charts import Chart
from dashboard.promise_weeks import FEWEST_DUE
from predictions.models import PromiseCountQuerySet
from predictions.promises import TARGET, Accuracy

MOST_KINDS = 16
HORIZONS = {
    24: gettext_lazy("within 1 day"),
    72: gettext_lazy("within 3 days"),
    168: gettext_lazy("within 1 week"),
}

Outcomes = list[tuple[Any, Accuracy]]


def is_telling(one: tuple[Any, Accuracy]) -> bool:
    """Whether enough promises came out to say something of them."""
    return one[1].due >= FEWEST_DUE


def outcomes_by(counts: PromiseCountQuerySet, column: str) -> Outcomes:
    """How the promises of each value came out, in the values' order."""
    return [(row[column], found) for row in counts.totals(column) if (found := Accuracy.of(row))]


def calibration_chart(metrics: Mapping[str, Any]) -> Chart:
    """What was said against what came true, on complaints the model had not seen."""
    overall = metrics.get("models", {}).get("forecast", {}).get("overall", {})
    series = [
        {
            "name": str(name),
            "data": [[one["said"], one["closed"]] for one in overall[f"calibration_{hours}"]],
        }
        for hours, name in HORIZONS.items()
        if overall.get(f"calibration_{hours}")
    ]
    return Chart(
        key="calibration",
        title=_("What was said, and what came true"),
        note=_(
            "On the dotted line both agree: of complaints with a chance of 70 %, 70 % are closed"
        ),
        data={
            "kind": "calibration",
            "description": _(
                "Calibration plot: the chance that was forecast against the share that was closed; "
                "the table below holds its numbers."
            ),
            "series": series,
            "names": {"said": _("Chance that was said"), "came": _("Share that was closed")},
        },
        head=(_("Closed"), _("Chance that was said"), _("Share that was closed"), _("Complaints")),
        rows=[
            (
                str(name),
                percent_in_words(one["said"]),
                percent_in_words(one["closed"]),
                in_words(int(one["rows"])),
            )
            for hours, name in HORIZONS.items()
            for one in overall.get(f"calibration_{hours}", ())
        ],
    )


def by_week_chart(found: Outcomes) -> Chart:
    """The share kept, as a line over the weeks of filing."""
    labels = [date_format(week, _("j M")) for week, _found in found]
    return _kept("by-week", _("By week of filing"), labels, found, is_line=True)


def by_kind_chart(key: str, title: str, found: Outcomes) -> Chart:
    """The share kept as bars, of those with the most promises."""
    shown = sorted(filter(is_telling, found), key=lambda one: -one[1].due)[:MOST_KINDS]
    labels = [name or _("Not known") for name, _found in shown]
    return _kept(key, title, labels, shown, is_line=False)


def _kept(key: str, title: str, labels: list[str], found: Outcomes, *, is_line: bool) -> Chart:
    return Chart(
        key=key,
        title=title,
        note=_("Share of ranges that were kept"),
        data={
            "kind": "kept",
            "description": _(
                "Chart of the share of promised ranges that were kept, beside the share that was "
                "meant; the table below holds its numbers."
            ),
            "labels": labels,
            "data": [round(one.kept, 4) for _name, one in found],
            "target": TARGET,
            "isLine": is_line,
            "names": {"kept": _("Kept"), "meant": _("Meant")},
        },
        head=("", _("Ranges over"), _("Kept"), _("Sooner"), _("Later")),
        rows=[
            (
                label,
                in_words(one.due),
                *(percent_in_words(share) for share in (one.kept, one.early, one.late)),
            )
            for label, (_name, one) in zip(labels, found, strict=True)
        ],
    )
