"""Every complaint that was sent, what became of it, and whether the database agrees.

Each complaint carries a mark of its own in its address, which is public, so that the server's own
list shows what was stored: an accepted complaint that is not there is lost, a mark that is there
twice was doubled. A complaint whose answer never came may be stored once or not at all.
Nothing here needs Locust.
"""

import random
import string
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from knowledge import every_row

PREFIX = "Load test "
# Letters only: a number might be taken for a telephone number and redacted.
LETTERS = 14
CLOCK_SLACK = timedelta(minutes=2)
SHOWN = 5


def new_mark() -> str:
    """An address that no other complaint has."""
    return PREFIX + "".join(random.choices(string.ascii_lowercase, k=LETTERS))


@dataclass
class Ledger:
    """What was sent and accepted: marks with the id and the type that were answered."""

    accepted: dict[str, dict[str, str]] = field(default_factory=dict)
    unanswered: set[str] = field(default_factory=set)
    contradicted: list[str] = field(default_factory=list)
    """Marks whose second answer named another complaint than the first."""
    first_at: str = ""

    def sent(self, mark: str) -> None:
        """About to be sent, perhaps again."""
        if mark not in self.accepted:
            self.unanswered.add(mark)

    def refused(self, mark: str) -> None:
        """The server says that it stored nothing, and it will not be sent again."""
        self.unanswered.discard(mark)

    def stored(self, mark: str, answer: dict[str, Any]) -> None:
        """The server says that it stored it; `answer` is the complaint."""
        self.unanswered.discard(mark)
        entry = {"id": answer["id"], "complaint_type": answer["complaint_type"]}
        known = self.accepted.setdefault(mark, entry)
        if known["id"] != entry["id"]:
            self.contradicted.append(mark)
        at = answer["created_at"]
        self.first_at = min(self.first_at or at, at)

    def take(self) -> dict[str, Any]:
        """What to tell the master: accepted ones leave, open ones are told again each time."""
        told = {
            "accepted": self.accepted,
            "unanswered": sorted(self.unanswered),
            "contradicted": self.contradicted,
            "first_at": self.first_at,
        }
        self.accepted, self.contradicted = {}, []
        return told


class Book:
    """The ledgers of all processes together."""

    def __init__(self) -> None:
        self.accepted: dict[str, dict[str, str]] = {}
        self._unanswered: dict[str, set[str]] = {}
        self.contradicted: list[str] = []
        self.first_at = ""

    def merge(self, client: str, told: dict[str, Any]) -> None:
        """Take what one process tells."""
        for mark, entry in told["accepted"].items():
            if self.accepted.setdefault(mark, entry)["id"] != entry["id"]:
                self.contradicted.append(mark)
        self._unanswered[client] = set(told["unanswered"])
        self.contradicted += told["contradicted"]
        if at := told["first_at"]:
            self.first_at = min(self.first_at or at, at)

    @property
    def unanswered(self) -> set[str]:
        """Sent, and not known to be stored or not."""
        return set().union(*self._unanswered.values()) - self.accepted.keys()

    def compare(self, host: str) -> "Balance":
        """Read what the server has stored since the first complaint. Raises ServerError."""
        if not self.accepted:
            return Balance(unanswered=len(self.unanswered))
        since = datetime.fromisoformat(self.first_at) - CLOCK_SLACK
        query = urlencode({"created_after": since.isoformat(), "page_size": 1000})
        return self.balance(every_row(host.rstrip("/"), f"/api/v1/complaints/?{query}"))

    def balance(self, rows: list[dict[str, Any]]) -> "Balance":
        """The books against complaints as the server lists them."""
        stored = {row["id"]: row for row in rows}
        marks = Counter(
            row["address"] for row in stored.values() if row["address"].startswith(PREFIX)
        )
        ours = self.accepted.keys() | self.unanswered
        lost = [mark for mark, entry in self.accepted.items() if entry["id"] not in stored]
        altered = [
            mark
            for mark, entry in self.accepted.items()
            if (row := stored.get(entry["id"]))
            and (row["address"], row["complaint_type"]) != (mark, entry["complaint_type"])
        ]
        doubled = {mark for mark in ours if marks[mark] > 1} | set(self.contradicted)
        return Balance(
            accepted=len(self.accepted),
            unanswered=len(self.unanswered),
            stored_without_answer=sum(marks[mark] > 0 for mark in self.unanswered),
            lost=len(lost),
            doubled=len(doubled),
            altered=len(altered),
            examples=sorted([*lost, *doubled, *altered])[:SHOWN],
        )


@dataclass(frozen=True)
class Balance:
    """How the books and the database compare; `lost`, `doubled` and `altered` must be 0."""

    accepted: int = 0
    unanswered: int = 0
    stored_without_answer: int = 0
    lost: int = 0
    doubled: int = 0
    altered: int = 0
    examples: list[str] = field(default_factory=list)
