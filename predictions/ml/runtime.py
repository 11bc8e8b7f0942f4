"""The forecast as served: one model in memory, one call per query."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
import numpy.typing as npt
import onnxruntime

from .encoder import Encoder
from .features import Matrix, Query, Row, feature_names
from .header import (
    FORMAT_VERSION,
    Header,
    ModelError,
    Probe,
    fingerprint,
    read_header,
    sha256_of,
)
from .queue import Queue
from .survival import Curve, Floats, Integers, closed_within, quantiles

HAZARDS = "hazards"
CUMULATIVE = "cumulative"
WITHIN_HOURS = (24, 72, 168)
# float32 sums may differ in the last digits between processors; a wrong model differs by far more.
PROBE_TOLERANCE = 1e-3
ONNXRUNTIME_ERRORS_ONLY = 3
ROUNDING = 10_000
"""What answers show: four decimals, a third of a second, a hundredth of a percent."""


class Session(Protocol):
    """What we use of onnxruntime.InferenceSession."""

    _sess: Any

    def run(
        self, output_names: list[str], inputs: dict[str, Matrix]
    ) -> list[npt.NDArray[np.float32]]:
        """Named outputs for named inputs."""


class Forecast(msgspec.Struct, frozen=True, gc=False):
    """When a complaint will be closed, in hours since its filing.

    Parameters
    ----------
    median_hours, p10_hours, p90_hours
        Half, a tenth, nine tenths are closed by then; none exceeds `horizon_hours`.
    closed_within
        24, 72 and 168 hours → P(closed within).
    beyond_horizon
        The median lies past `horizon_hours`, which stands in for it.
    horizon_hours
        The last hour the model says anything about.
    """

    median_hours: float
    p10_hours: float
    p90_hours: float
    closed_within: dict[int, float]
    beyond_horizon: bool
    horizon_hours: float


def open_session(onnx: bytes) -> Session:
    """An inference session on one thread: web processes share the cores.

    Raises ModelError if the bytes are not a model.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = ONNXRUNTIME_ERRORS_ONLY
    try:
        session: Session = onnxruntime.InferenceSession(
            onnx, options, providers=["CPUExecutionProvider"]
        )
    # onnxruntime's exceptions share no public base class.
    except Exception as error:
        raise ModelError(f"onnxruntime cannot read the model: {str(error)[:200]}") from error
    return session


def _runner(session: Session) -> Callable[[Matrix], Matrix]:
    """Features (n, k) → cumulative hazards (n, bins).

    onnxruntime's method in Python checks at each call what is always so here, which takes a fifth
    of the time of one curve; what it then calls is called directly.
    """
    run = session._sess.run
    return lambda features: run([CUMULATIVE], {"features": features}, None)[0]


class Forecaster:
    """A loaded model. Safe to share between threads: nothing changes after loading."""

    def __init__(self, session: Session, header: Header) -> None:
        self.header = header
        self._session = session
        self._run = _runner(session)
        self._edges = tuple(header.edges_hours)
        self._encoder = Encoder(header.encoding)
        self._columns = _columns_of(header)

    @classmethod
    def load(cls, onnx: bytes, header: bytes | str | dict[str, Any] | Header) -> Forecaster:
        """Check and open a stored model. Raises ModelError if it must not serve."""
        read = read_header(header)
        if read.format_version != FORMAT_VERSION:
            raise ModelError(f"model format {read.format_version}, expected {FORMAT_VERSION}")
        if sha256_of(onnx) != read.sha256:
            raise ModelError(f"the model's bytes do not have the SHA-256 {read.sha256}")
        forecaster = cls(open_session(onnx), read)
        forecaster._check_itself()
        return forecaster

    def encode(self, query: Query, queue: Queue | None = None) -> Row:
        """One query as this model sees it: (k,), the features of its header."""
        row = self._encoder.row(query, queue)
        return row if self._columns is None else row[self._columns]

    def choose(self, features: Matrix) -> Matrix:
        """Of all features that this code computes, (n, all), those that this model sees, (n, k)."""
        return features if self._columns is None else features[:, self._columns]

    def curve(self, query: Query, queue: Queue | None = None) -> Curve:
        """The whole curve of one query, with the queue as known now."""
        return self._curve(self.encode(query, queue))

    def forecast(self, query: Query, queue: Queue | None = None) -> Forecast:
        """The forecast of one query, at any complaint type, with the queue as known now.

        A type never seen is answered from its agency or the city; whether it exists is the
        caller's question. Raises ValueError if `created_at` has no time zone.
        """
        return forecast_of(self.curve(query, queue))

    def forecast_many(
        self, queries: Sequence[Query], queue: Queue | None = None, *, to_be_shown: bool = False
    ) -> list[Forecast]:
        """The forecasts of many queries in one call of the model, each as it is alone.

        To be shown they are `rounded`.
        """
        if not queries:
            return []
        rows = self.choose(self._encoder.rows(queries, queue))
        edges, cumulative = np.array(self._edges), self.cumulative(rows)
        return forecasts(edges, cumulative, to_be_shown=to_be_shown)

    def cumulative(self, features: Matrix) -> Floats:
        """Cumulative hazards at the bin edges: (n, k) → (n, bins + 1)."""
        answer = self._run(features)
        return np.hstack([np.zeros((len(answer), 1)), answer.astype(np.float64)])

    def _curve(self, row: npt.NDArray[np.float32]) -> Curve:
        answer = self._run(row[None, :])
        return Curve(self._edges, (0.0, *answer[0].tolist()))

    def _check_itself(self) -> None:
        if self.header.canned and fingerprint(self.header.canned) != self.header.canned_sha256:
            raise ModelError("the header's canned answers do not have their SHA-256")
        for probe in (self.header.probe, *self.header.canned):
            self._check(probe)

    def _check(self, probe: Probe) -> None:
        try:
            values = self.curve(probe.query).cumulative
        # See open_session: onnxruntime's exceptions share no public base class.
        except Exception as error:
            raise ModelError(f"the model cannot answer its probe: {str(error)[:200]}") from error
        rises = all(low <= high for low, high in itertools.pairwise(values))
        if not rises or not all(math.isfinite(value) for value in values):
            raise ModelError("the model's probe curve is not finite and rising")
        if len(values) != len(probe.cumulative) or len(values) != len(self._edges):
            raise ModelError(f"the model's curve has {len(values)} edges, its header others")
        worst = max(abs(a - b) for a, b in zip(values, probe.cumulative, strict=True))
        if worst > PROBE_TOLERANCE:
            raise ModelError(f"the model answers its probe {worst:.1e} off what was stored")


def _columns_of(header: Header) -> Integers | None:
    """Where an older model's features lie among those of today; None if these are the same.

    Raises ModelError if one is not there.
    """
    names = feature_names(header.encoding.horizons_hours)
    if header.features == names:
        return None
    places = {name: place for place, name in enumerate(names)}
    unknown = [name for name in header.features if name not in places]
    if unknown or not header.features:
        raise ModelError(
            "the model was trained on other features than this code computes: "
            f"{', '.join(unknown)[:200] or 'none'}"
        )
    return np.array([places[name] for name in header.features])


def forecast_of(curve: Curve) -> Forecast:
    """What one curve tells, in hours from where the curve begins."""
    return Forecast(
        median_hours=curve.quantile(0.5),
        p10_hours=curve.quantile(0.1),
        p90_hours=curve.quantile(0.9),
        closed_within={hours: curve.closed_within(hours) for hours in WITHIN_HOURS},
        beyond_horizon=curve.is_beyond(0.5),
        horizon_hours=curve.horizon_hours,
    )


def rounded(found: Forecast) -> Forecast:
    """To four decimals, bit for bit as `forecasts` rounds; a NaN stays one."""
    return Forecast(
        _rounded(found.median_hours),
        _rounded(found.p10_hours),
        _rounded(found.p90_hours),
        {hours: _rounded(share) for hours, share in found.closed_within.items()},
        found.beyond_horizon,
        found.horizon_hours,
    )


def _rounded(number: float) -> float:
    # A quarter of the time of round(number, 4).
    return round(number * ROUNDING) / ROUNDING if number == number else number


def forecasts(edges: Floats, cumulative: Floats, *, to_be_shown: bool = False) -> list[Forecast]:
    """Forecasts from curves (n, bins + 1): the same numbers as one by one, `rounded` if asked."""
    horizon = float(edges[-1])
    columns = [
        *(quantiles(edges, cumulative, share) for share in (0.5, 0.1, 0.9)),
        *(closed_within(edges, cumulative, hours) for hours in WITHIN_HOURS),
    ]
    table = np.column_stack(columns)
    rows = (np.rint(table * ROUNDING) / ROUNDING if to_be_shown else table).tolist()
    beyond = (cumulative[:, -1] < math.log(2)).tolist()
    first, second, third = WITHIN_HOURS
    return [
        Forecast(median, p10, p90, {first: one, second: two, third: three}, is_beyond, horizon)
        for (median, p10, p90, one, two, three), is_beyond in zip(rows, beyond, strict=True)
    ]
