"""Times as sources write them become instants."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

NAIVE = pl.Datetime("us")
INSTANT = pl.Datetime("us", "UTC")


def instants(
    text: pl.Series, formats: Sequence[str], zone: str, shift_weeks: int = 0
) -> tuple[pl.Series, pl.Series]:
    """Text as UTC, null where no format reads it; and the same with the later of two meanings.

    A time that autumn's change of clocks repeats means the first, and in the second answer the
    second; one that spring's leaves out is read with the offset before it. Formats that read an
    offset take it from the text, the others mean local time in `zone`. `shift_weeks` moves by
    whole weeks of local time.
    """
    aware, naive = _read(text, formats)
    local = naive.dt.offset_by(f"{shift_weeks}w") if shift_weeks else naive
    if shift_weeks:
        moved = aware.dt.convert_time_zone(zone).dt.offset_by(f"{shift_weeks}w")
        aware = moved.dt.convert_time_zone("UTC")
    frame = pl.DataFrame({"local": local, "aware": aware})
    both = frame.select(
        earlier=_instant("local", zone, "earliest").fill_null(pl.col("aware")),
        later=_instant("local", zone, "latest").fill_null(pl.col("aware")),
    )
    return both["earlier"], both["later"]


def _read(text: pl.Series, formats: Sequence[str]) -> tuple[pl.Series, pl.Series]:
    """What formats with an offset read, and what those without; the first that fits counts."""
    aware = pl.Series("", [None], dtype=INSTANT).new_from_index(0, len(text))
    naive = pl.Series("", [None], dtype=NAIVE).new_from_index(0, len(text))
    unread = text
    for form in formats:
        if unread.null_count() == len(unread):
            break
        found = unread.str.to_datetime(form, strict=False, time_unit="us")
        if form.endswith("z"):
            aware = aware.fill_null(found) if aware.null_count() < len(aware) else found
        else:
            naive = naive.fill_null(found) if naive.null_count() < len(naive) else found
        unread = pl.select(pl.when(found.is_null()).then(unread)).to_series()
    return aware, naive


def _instant(name: str, zone: str, ambiguous: str) -> pl.Expr:
    naive = pl.col(name)
    exact = naive.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null")  # type: ignore[arg-type]
    later = naive.dt.offset_by("1h").dt.replace_time_zone(
        zone, ambiguous="earliest", non_existent="null"
    )
    return exact.fill_null(later).dt.convert_time_zone("UTC")
