"""Tables and plots of an evaluation for the model card. Needs matplotlib, a development tool."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .evaluation import TABLE_COLUMNS, Evaluation, cell
from .metrics import Metrics

Groups = Literal["by_agency", "by_type"]

BEGIN, END = "<!-- evaluation: begin -->", "<!-- evaluation: end -->"
OURS, THEIRS = "forecast", "kaplan_meier_recent"
NAMES = {
    "forecast": "forecast",
    "kaplan_meier": "Kaplan–Meier per type, all",
    "kaplan_meier_recent": "Kaplan–Meier per type, last weeks",
    "type_median": "median of the type's closed ones",
    "global_median": "median of all closed ones",
    "forest_closed_rows": "random forest on closed ones",
    "promise": "what the city promises",
}
FEWEST_ROWS = 500
MOST_TYPES = 15
INCHES = (6.4, 4.0)
DOTS_PER_INCH = 110


def write_card(path: Path, result: Evaluation, city: str, command: str) -> list[Path]:
    """Write tables and plots of `result`; returns what was written.

    In a card that has the marks, what stands between them is replaced; otherwise it is added at
    the end. The plots lie in a folder beside it, named after it.
    """
    folder = path.with_suffix("")
    folder.mkdir(exist_ok=True)
    plots = [
        _plot(folder / "calibration.png", _calibration, result),
        _plot(folder / "coverage-by-agency.png", _coverage, result),
        _plot(folder / "error-by-type.png", _errors, result),
    ]
    text = path.read_text(encoding="utf-8") if path.exists() else "# The forecast\n"
    if BEGIN not in text or END not in text:
        text = f"{text.rstrip()}\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    after = rest.partition(END)[2]
    lines = "\n".join(
        _lines(result, city, command, [plot.relative_to(path.parent) for plot in plots])
    )
    path.write_text(f"{before}{BEGIN}\n\n{lines}\n\n{END}{after}", encoding="utf-8")
    return [path, *plots]


def _lines(result: Evaluation, city: str, command: str, plots: list[Path]) -> Iterator[str]:
    yield (
        f"{city}, as of {result['as_of'][:16]}, {result['rows']:,} complaints filed until "
        f"{result['test_until'][:16]} (UTC), hours restricted to {result['restrict_hours']:g}:"
    )
    yield f"`{command}`.\n"
    yield from _overall(result)
    yield f"\nBy agency, those with {FEWEST_ROWS} rows or more:\n"
    yield from _by_group(result, "by_agency")
    yield f"\nBy type, the {MOST_TYPES} largest of those:\n"
    yield from _by_group(result, "by_type")
    yield ""
    for plot in plots:
        yield f"![{plot.stem.replace('-', ' ').capitalize()}]({plot.as_posix()})"


def _overall(result: Evaluation) -> Iterator[str]:
    columns = [name for name in TABLE_COLUMNS if name in result["models"][OURS]["overall"]]
    yield "| model | " + " | ".join(TABLE_COLUMNS[name] for name in columns) + " |"
    yield "|---|" + "--:|" * len(columns)
    for name, metrics in result["models"].items():
        cells = " | ".join(cell(column, metrics["overall"]) for column in columns)
        yield f"| {NAMES.get(name, name)} | {cells} |"


def _by_group(result: Evaluation, groups: Groups) -> Iterator[str]:
    yield "| | rows | MAE h | Kaplan–Meier | Brier 24 | Kaplan–Meier | 80 % coverage | width h |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for name, ours, theirs in _large(result, groups):
        yield (
            f"| {name} | {ours['rows']:,.0f} | {cell('mae_hours', ours)} "
            f"| {cell('mae_hours', theirs)} | {cell('brier_24', ours)} "
            f"| {cell('brier_24', theirs)} | {cell('coverage_80', ours)} "
            f"| {cell('width_80_hours', ours)} |"
        )


def _large(result: Evaluation, groups: Groups) -> list[tuple[str, Metrics, Metrics]]:
    """The groups with enough rows, the largest first: name, our errors, Kaplan–Meier's."""
    ours, theirs = result["models"][OURS][groups], result["models"][THEIRS][groups]
    found = [(name, errors, theirs[name]) for name, errors in ours.items()]
    large = [one for one in found if one[1]["rows"] >= FEWEST_ROWS]
    return sorted(large, key=lambda one: -one[1]["rows"])[:MOST_TYPES]


def _plot(path: Path, draw: Callable[[Axes, Evaluation], None], result: Evaluation) -> Path:
    figure = Figure(figsize=INCHES, layout="constrained")
    draw(figure.subplots(), result)
    # Without the date and the version of the program: the same figures give the same file.
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})
    return path


def _calibration(axes: Axes, result: Evaluation) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linewidth=1)
    for hours in (24, 72, 168):
        bins = result["models"][OURS]["overall"].get(f"calibration_{hours}", [])
        if bins:
            said, closed = ([one[name] for one in bins] for name in ("said", "closed"))
            axes.plot(said, closed, marker="o", label=f"within {hours} h")
    axes.set(xlabel="chance that was told", ylabel="share that was closed")
    axes.legend()


def _coverage(axes: Axes, result: Evaluation) -> None:
    rows = _large(result, "by_agency")[::-1]
    names = [name for name, _, _ in rows]
    axes.barh(names, [ours["coverage_80"] for _, ours, _ in rows])
    axes.axvline(0.8, color="grey", linewidth=1)
    axes.set(xlabel="share inside the interval meant for 80 %", xlim=(0, 1))


def _errors(axes: Axes, result: Evaluation) -> None:
    rows = _large(result, "by_type")[::-1]
    places = range(len(rows))
    ours = [errors["mae_hours"] for _, errors, _ in rows]
    theirs = [errors["mae_hours"] for _, _, errors in rows]
    axes.barh([at + 0.2 for at in places], ours, height=0.4, label="forecast")
    axes.barh([at - 0.2 for at in places], theirs, height=0.4, label="Kaplan–Meier, last weeks")
    axes.set_yticks(list(places), [name for name, _, _ in rows], fontsize=8)
    axes.set(xlabel="mean error, hours")
    axes.legend()
