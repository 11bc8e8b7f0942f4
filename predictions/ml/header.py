"""The model's header: everything beside the ONNX bytes, as JSON."""

from __future__ import annotations

import hashlib
from datetime import datetime

import msgspec

from .features import Encoding, Query

FORMAT_VERSION = 1


class ModelError(Exception):
    """A stored model that must not serve: damaged, foreign, or giving other numbers."""


class Probe(msgspec.Struct, frozen=True):
    """A query and the cumulative hazard (bins + 1,) the model must answer to it."""

    query: Query
    cumulative: list[float]


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What must be known to use, check and describe a model.

    Attributes
    ----------
    format_version
        `FORMAT_VERSION` of the code that wrote it.
    features
        Names of the model's inputs, in order; all are among `features.feature_names`.
    encoding
        Category tables, time zone and holidays.
    edges_hours
        Bin edges from 0 to the horizon.
    as_of, trained_from
        Training saw complaints filed from `trained_from` as they were known at `as_of`.
    rows, person_periods, trees, half_life_days, seed
        How much was learned from, and how.
    seconds
        Training time.
    parity
        Largest difference between ONNX and scikit-learn's hazards.
    libraries
        Versions that trained it.
    sha256
        Of the ONNX bytes, hexadecimal.
    probe
        The self-check at loading.
    canned, canned_sha256
        More such checks, over types and times, and the fingerprint of their answers.
    inputs
        Shares of the inputs before training, to notice when they drift: input → value → share.
    typical
        Complaint type → the typical value of each feature, null where it is mostly unknown; ""
        is the city's, for a type that is not there.
    metrics
        The evaluation, filled in by the caller.
    """

    format_version: int
    features: list[str]
    encoding: Encoding
    edges_hours: list[float]
    as_of: datetime
    trained_from: datetime
    rows: int
    person_periods: int
    trees: int
    half_life_days: float
    seed: int
    seconds: float
    parity: float
    libraries: dict[str, str]
    sha256: str
    probe: Probe
    canned: list[Probe] = []
    canned_sha256: str = ""
    inputs: dict[str, dict[str, float]] = {}
    typical: dict[str, list[float | None]] = {}
    metrics: dict[str, object] = {}


def read_header(header: bytes | str | dict[str, object] | Header) -> Header:
    """The header from JSON or from decoded JSON. Raises ModelError if it has another shape."""
    if isinstance(header, Header):
        return header
    try:
        if isinstance(header, dict):
            return msgspec.convert(header, Header)
        return msgspec.json.decode(header, type=Header)
    except msgspec.MsgspecError as error:
        raise ModelError(f"not a model header: {error}") from error


def as_json(header: Header) -> dict[str, object]:
    """Plain JSON values, for a JSON column."""
    plain: dict[str, object] = msgspec.to_builtins(header, order="sorted")
    return plain


def sha256_of(onnx: bytes) -> str:
    """The fingerprint that ties header and bytes together."""
    return hashlib.sha256(onnx).hexdigest()


def fingerprint(probes: list[Probe]) -> str:
    """SHA-256 of queries and expected answers, hexadecimal."""
    return hashlib.sha256(msgspec.json.encode(probes, order="sorted")).hexdigest()
