"""A forecast in words and as a curve."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from complaints.forecasting import Forecast
from complaints.models import City
from complaints.phrases import (
    chance_in_words,
    forecast_in_words,
    hours_in_words,
    queue_in_words,
    reason_in_words,
)
from dashboard.charts import Chart, ticks
from dashboard.words import moment_in_page

PERIODS = {24: gettext_lazy("1 day"), 72: gettext_lazy("3 days"), 168: gettext_lazy("1 week")}
TABLE_STEP = 6
"""Every sixth point of the curve is in its table."""


@dataclass(frozen=True)
class Chance:
    """How likely a complaint is closed within a period: a share of 0 to 1, and in words."""

    period: str
    share: str
    percent: str


@dataclass(frozen=True)
class Answer:
    """What the page says to "how long will it take?"."""

    kind: str
    sentence: str
    expected: str
    reasons: list[str] = field(default_factory=list)
    queue: str = ""
    chances: list[Chance] = field(default_factory=list)
    chart: Chart | None = None
    model: str = ""

    @classmethod
    def of(cls, forecast: Forecast, city: City, kind: str = "") -> Answer:
        """The answer to one forecast, times on the city's clock."""
        return cls(
            kind=kind,
            sentence=forecast_in_words(forecast),
            expected=_expected(forecast, city),
            reasons=[reason_in_words(reason) for reason in forecast.reasons or ()],
            queue=queue_in_words(forecast.queue) if forecast.queue else "",
            chances=[
                Chance(str(period), f"{share:.4f}", chance_in_words(share))
                for hours, period in PERIODS.items()
                for share in [forecast.closed_within[hours]]
            ],
            chart=_chart(forecast) if forecast.curve else None,
            model=forecast.model_version,
        )


def _expected(forecast: Forecast, city: City) -> str:
    if forecast.beyond_horizon:
        return ""
    moment = moment_in_page(city.localise(forecast.expected_close_at))
    if forecast.open_hours is not None:
        return _("It is as likely as not closed by %(moment)s.") % {"moment": moment}
    return _("Filed then, it is as likely as not closed by %(moment)s.") % {"moment": moment}


def _chart(forecast: Forecast) -> Chart:
    points = [(round(hours, 4), round(share, 4)) for hours, share in forecast.curve or ()]
    low, high = points[0][0], points[-1][0]
    is_remaining = forecast.open_hours is not None
    return Chart(
        key="curve",
        title=_("Chance that it is closed"),
        note=_("Counted from now; the scale is logarithmic")
        if is_remaining
        else _("Counted from filing; the scale is logarithmic"),
        data={
            "kind": "curve",
            "description": _(
                "Curve of the chance that the complaint is closed within so many hours, with the "
                "range of eight in ten and the median; the table below holds its numbers."
            ),
            "points": points,
            "range": [max(forecast.p10_hours, low), min(forecast.p90_hours, high)],
            "median": min(max(forecast.median_hours, low), high),
            "ticks": ticks(),
            "words": [hours_in_words(hours) for hours, _share in points],
            "names": {
                "chance": _("Chance that it is closed"),
                "range": _("eight in ten"),
                "median": _("half: %(time)s") % {"time": hours_in_words(forecast.median_hours)},
            },
        },
        head=(_("Within"), _("Chance that it is closed")),
        rows=[
            (hours_in_words(hours), chance_in_words(share)) for hours, share in points[::TABLE_STEP]
        ],
    )
