"""What was promised against what came true, drawn for the admin; each plot's table has the same."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from predictions.promises import Accuracy
from predictions.reliability import FEWEST, Reliability, Tenth

SIDE = 200
"""Of the plot, in its own units; its labels stand outside."""
HORIZONS = {24: "within a day", 72: "within 3 days", 168: "within a week"}
MARKS = {24: "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0", 72: "M-4.5-4.5h9v9h-9z", 168: "M0-6l6 10h-12z"}
"""Circle, square, triangle: told apart without their colours too."""
TICKS = (0.0, 0.5, 1.0)


def calibration_plot(found: Accuracy) -> SafeString:
    """Promised chances to be closed by p10, the median and p90, against the shares that were."""
    pairs = (
        ("p10", 0.1, found.early),
        ("median", 0.5, found.before_median),
        ("p90", 0.9, found.early + found.kept),
    )
    marks = _marks(24, ((promised, was, name) for name, promised, was in pairs))
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
        ((name, f"{promised:.0%}", f"{was:.1%}") for name, promised, was in pairs),
    )
    return format_html(
        '<div class="desk-calibration">{}<div><table><thead><tr><th>Closed by</th>'
        "<th>Promised</th><th>Came true</th></tr></thead><tbody>{}</tbody></table>"
        "<p>{} promises have come due; mean error {} h.</p></div></div>",
        _drawn(marks),
        rows,
        f"{found.due:,}",
        f"{found.error_hours:.1f}",
    )


def reliability_plot(found: Reliability, nothing: str) -> SafeString | str:
    """Tenths of the promised chance against the share that was closed in time; else `nothing`."""
    if not found:
        return nothing
    marks = format_html_join(
        "", "{}", ((_marks(hours, map(_told, tenths)),) for hours, tenths in found.items())
    )
    legend = format_html_join(
        "",
        '<li><svg viewBox="-8 -8 16 16" aria-hidden="true">{}</svg> {}: {}</li>',
        (
            (_marks(hours, [(0, 1, "")], side=0), HORIZONS[hours], f"{_all(tenths):,}")
            for hours, tenths in found.items()
        ),
    )
    return format_html(
        '<div class="desk-calibration">{}<div><p>Closed, and of how many complaints:</p>'
        "<ul>{}</ul>{}</div></div>",
        _drawn(marks),
        legend,
        _table(found),
    )


def _table(found: Reliability) -> SafeString:
    rows = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        (
            (HORIZONS[hours], f"{one.said:.1%}", f"{one.closed:.1%}", f"{one.complaints:,}")
            for hours, tenths in found.items()
            for one in tenths
        ),
    )
    return format_html(
        "<details><summary>The same as a table</summary><table><thead><tr><th>Closed</th>"
        "<th>Promised</th><th>Came true</th><th>Complaints</th></tr></thead><tbody>{}</tbody>"
        "</table><p>Groups of fewer than {} complaints are left out.</p></details>",
        rows,
        FEWEST,
    )


def _drawn(marks: SafeString) -> SafeString:
    """Marks on a square with the diagonal on which promises are right."""
    ticks = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>'
        '<text x="-6" y="{}" text-anchor="end">{}</text>',
        (
            (_at(share), SIDE + 16, f"{share:.0%}", SIDE - _at(share) + 4, f"{share:.0%}")
            for share in TICKS
        ),
    )
    return format_html(
        '<svg viewBox="-52 -12 268 258" role="img" aria-label="Promised chances against what came '
        'true; the table has the same."><path class="desk-frame" d="M0 0V{s}H{s}"/>'
        '<path class="desk-diagonal" d="M0 {s}L{s} 0"/>{}'
        '<text x="100" y="{}" text-anchor="middle">promised</text>'
        '<text transform="translate(-40 100) rotate(-90)" text-anchor="middle">came true</text>'
        "{}</svg>",
        ticks,
        SIDE + 36,
        marks,
        s=SIDE,
    )


def _marks(
    hours: int, points: Iterable[tuple[float, float, str]], side: float = SIDE
) -> SafeString:
    """One mark for each promised chance, share that came true, and words to read above it."""
    return format_html_join(
        "",
        '<path class="desk-within-{}" d="{}" transform="translate({} {})"><title>{}</title></path>',
        (
            (hours, MARKS[hours], _at(promised, side), side - _at(was, side), words)
            for promised, was, words in points
        ),
    )


def _told(one: Tenth) -> tuple[float, float, str]:
    words = f"{one.said:.0%} promised, {one.closed:.0%} came true, {one.complaints:,} complaints"
    return one.said, one.closed, words


def _all(tenths: Iterable[Tenth]) -> int:
    return sum(one.complaints for one in tenths)


def _at(share: float, side: float = SIDE) -> float:
    return round(share * side, 1)
