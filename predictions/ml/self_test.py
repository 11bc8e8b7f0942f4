"""The canned queries that a stored model must answer, wherever it is loaded, as it did at birth."""

from __future__ import annotations

from datetime import UTC, timedelta

import msgspec

from .features import Query
from .header import Header, Probe, fingerprint
from .runtime import Forecaster

MOST_TYPES = 12
# By night and by day, in the week and at its end.
OFFSETS = (timedelta(0), timedelta(hours=12), timedelta(days=3, hours=5))
UNKNOWN_TYPE = "never-seen"


def with_canned_answers(onnx: bytes, header: Header) -> Header:
    """The header with the model's answers to its canned queries. Raises ModelError."""
    forecaster = Forecaster.load(onnx, header)
    canned = [
        Probe(query, list(forecaster.curve(query).cumulative)) for query in canned_queries(header)
    ]
    return msgspec.structs.replace(header, canned=canned, canned_sha256=fingerprint(canned))


def canned_queries(header: Header) -> list[Query]:
    """Some types, spread over the alphabet, and one that nobody knows, at three times each.

    Nothing is taken from a complaint, so that the header tells of none.
    """
    known = sorted(header.encoding.statistics["type"])
    step = max(1, -(-len(known) // MOST_TYPES))
    start = header.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    return [
        Query(complaint_type=kind, created_at=start + offset)
        for kind in [*known[::step], UNKNOWN_TYPE]
        for offset in OFFSETS
    ]
