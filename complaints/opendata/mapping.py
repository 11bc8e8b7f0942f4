"""How a source's columns become ours: one small TOML file in `mappings/` for each form."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from complaints.models import Complaint

FOLDER = Path(__file__).parent / "mappings"
FIELDS = (
    "external_id",
    "created",
    "closed",
    "due",
    "status",
    "agency",
    "agency_name",
    "complaint_type",
    "descriptor",
    "description",
    "location_type",
    "latitude",
    "longitude",
    "x",
    "y",
    "address",
    "zip",
    "district",
    "channel",
    "resolution",
    "is_duplicate",
    "duplicate_of",
)
"""What a mapping can say of a complaint."""
REQUIRED = ("external_id", "created", "complaint_type")
CLOSING = ("status", "closed")
"""A form needs one of them: with neither, nobody knows what is open."""

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")


def normalised(name: str) -> str:
    """A header as mappings write it: `Problem (formerly …)` and `SR_NUMBER` in one small form."""
    return _NOT_A_WORD.sub("_", name.lower()).strip("_")


class UnknownForm(ValueError):
    """No mapping fits a file, or more than one does equally well."""


class SourceMapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where each of our columns stands in a source's file, and how to read it.

    `columns` maps our names (`FIELDS`) to the file's, normalised; of several, the first that is
    not empty counts. `statuses` gives our status words for the file's, in small letters.
    A file is of this form only if it has one of the columns `marks`, where there are any.
    """

    title: str
    source: str
    columns: Mapping[str, Sequence[str]]
    statuses: Mapping[str, Sequence[str]]
    time_formats: Sequence[str]
    name: str = ""
    city: str = ""
    """Slug of the city it is for; empty: any."""
    marks: Sequence[str] = ()
    time_zone: str = ""
    """Zone of times without an offset; empty: the city's."""
    encoding: str = ""
    """Of rows that are not UTF-8; empty: such rows are rejected."""
    plane: str = ""
    """Reference system of the columns x and y, as pyproj names it."""
    has_agency_codes: bool = False
    has_dates_only: bool = False
    district_naming: Literal["names", "community boards"] = "names"
    district_prefix: str = ""
    unknown_status: Literal["reject", "by closing date"] = "reject"
    duplicate_statuses: Sequence[str] = ()

    def __post_init__(self) -> None:
        if odd := (set(self.columns) - set(FIELDS)) | (set(self.statuses) - set(Complaint.Status)):
            raise ValueError(f"unknown columns or statuses: {', '.join(sorted(odd))}")

    @property
    def status_words(self) -> dict[str, str]:
        """The file's word → ours."""
        return {word: ours for ours, words in self.statuses.items() for word in words}

    def missing_from(self, header: Sequence[str]) -> list[str]:
        """What a normalised header lacks that this form cannot do without."""
        groups = [self.columns.get(field, ()) for field in REQUIRED]
        groups.append([name for field in CLOSING for name in self.columns.get(field, ())])
        if self.marks:
            groups.append(self.marks)
        return [" or ".join(names) for names in groups if not set(names) & set(header)]

    def fit(self, header: Sequence[str]) -> int:
        """How many columns of a normalised header it reads."""
        return sum(name in header for names in self.columns.values() for name in names)


@cache
def mappings() -> dict[str, SourceMapping]:
    """Every mapping in the folder by its name, in order. Raises ValueError naming a bad file."""
    found = {}
    for path in sorted(FOLDER.glob("*.toml")):
        content = tomllib.loads(path.read_text(encoding="utf-8")) | {"name": path.stem}
        try:
            found[path.stem] = msgspec.convert(content, SourceMapping)
        except msgspec.ValidationError as error:
            raise ValueError(f"{path.name}: {error}") from error
    return found


def mapping_named(name: str) -> SourceMapping:
    """Raises UnknownForm that lists the known ones."""
    try:
        return mappings()[name]
    except KeyError as error:
        raise UnknownForm(
            f"there is no mapping {name[:200]!r} (known: {', '.join(mappings())})"
        ) from error


def choose(header: Sequence[str], preferred: str = "") -> SourceMapping:
    """The mapping that reads most columns of a normalised header.

    Of equally good ones `preferred` (the city's) wins. Raises UnknownForm if none fits or two
    fit equally well.
    """
    fitting = [mapping for mapping in mappings().values() if not mapping.missing_from(header)]
    if not fitting:
        nearest = min(
            mappings().values(), key=lambda one: (len(one.missing_from(header)), -one.fit(header))
        )
        raise UnknownForm(
            f"no mapping fits the columns {', '.join(header)[:200]}; columns missing for "
            f"{nearest.name}: {', '.join(nearest.missing_from(header))}"
        )
    best = max(mapping.fit(header) for mapping in fitting)
    winners = [mapping for mapping in fitting if mapping.fit(header) == best]
    chosen = [mapping for mapping in winners if mapping.name == preferred] or winners
    if len(chosen) > 1:
        names = ", ".join(mapping.name for mapping in chosen)
        raise UnknownForm(f"the mappings {names} fit equally well; say which with --mapping")
    return chosen[0]
