"""Names in a file become agencies, complaint types and districts, known or new."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from django.utils.text import slugify

from complaints.models import Agency, City, ComplaintType, District

UNSPECIFIED = "Unspecified"
CODE_CHARACTERS = 50
"""As the agency's column has it."""
DIGEST_CHARACTERS = 8


@dataclass
class Names:
    """What a city's names mean; asked for an unknown one, creates it."""

    city: City
    created: list[str] = field(default_factory=list)
    new_types: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._agencies = {agency.code: agency for agency in self.city.agencies.all()}
        self._types = list(self.city.complaint_types.select_related("agency"))
        self._districts = {district.code: district for district in self.city.districts.all()}

    def agency(self, code: str, name: str | None) -> Agency:
        """The agency of a code; a new one takes the name that the file gives it."""
        if code not in self._agencies:
            self._agencies[code] = Agency.objects.create(
                city=self.city, code=code, name=name or code
            )
            self.created.append(f"agency {code}")
        return self._agencies[code]

    def agency_named(self, name: str) -> Agency:
        """The agency of a name in any case, where a source has no codes; a code is made of it."""
        folded = name.casefold()
        for agency in self._agencies.values():
            if folded in (agency.name.casefold(), agency.code.casefold()):
                return agency
        return self.agency(self._free_code(name), name)

    def _free_code(self, name: str) -> str:
        code = slugify(name)
        if code and len(code) <= CODE_CHARACTERS and code not in self._agencies:
            return code
        digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST_CHARACTERS]
        return f"{code[: CODE_CHARACTERS - DIGEST_CHARACTERS - 1] or 'agency'}-{digest}"

    def complaint_type(self, name: str, agency: Agency | None) -> ComplaintType:
        """The type of a name.

        In an agency, names that differ only in case are one type; across agencies they are not:
        there only the very same spelling is.
        """
        same_agency = (
            kind
            for kind in self._types
            if kind.agency == agency
            and name.casefold() in {known.casefold() for known in (kind.name, *kind.aliases)}
        )
        same_spelling = (kind for kind in self._types if name in (kind.name, *kind.aliases))
        found = next(same_agency, None) or next(same_spelling, None)
        return found or self._new_type(name, agency)

    def _new_type(self, name: str, agency: Agency | None) -> ComplaintType:
        taken = {kind.code for kind in self._types}
        stem = slugify(name)[:80] or "type"
        candidates = [stem, f"{stem}-{slugify(agency.code)}" if agency else stem]
        candidates += [f"{stem}-{number}" for number in range(2, len(taken) + 3)]
        code = next(candidate for candidate in candidates if candidate not in taken)
        kind = ComplaintType.objects.create(city=self.city, code=code, name=name, agency=agency)
        self._types.append(kind)
        self.new_types.add(kind.pk)
        self.created.append(f"complaint type {name}")
        return kind

    def district_named(self, name: str) -> District:
        """The area of a name in any case, where a source has one kind of areas and no codes."""
        return self._district(slugify(name)[:100] or "area", name, District.Kind.OTHER, None)

    def community_board(self, name: str) -> District | None:
        """The district of a community board's name, such as `07 QUEENS`.

        An unspecified board (`Unspecified QUEENS`) is its borough; `0 Unspecified` is nothing.
        """
        number, _, borough_name = name.partition(" ")
        if not borough_name or borough_name == UNSPECIFIED:
            return None
        borough = self._district(slugify(borough_name), borough_name, District.Kind.BOROUGH, None)
        if number == UNSPECIFIED:
            return borough
        code = f"{borough.code}-{slugify(number)}"
        return self._district(code, name, District.Kind.COMMUNITY_BOARD, borough)

    def _district(
        self, code: str, name: str, kind: District.Kind, parent: District | None
    ) -> District:
        if code not in self._districts:
            self._districts[code] = District.objects.create(
                city=self.city, code=code, name=name, kind=kind, parent=parent
            )
            self.created.append(f"district {name}")
        return self._districts[code]
