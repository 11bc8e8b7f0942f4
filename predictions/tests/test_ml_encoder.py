from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from predictions.ml.encoder import Encoder
from predictions.ml.features import Query, encode_query
from predictions.tests.ml_data import START, query
from predictions.tests.test_ml_features import encoding, known_queue, queries


@cache
def encoder() -> Encoder:
    return Encoder(encoding())


@settings(deadline=None)  # the machine may be busy
@given(
    st.lists(queries, min_size=1, max_size=30),
    st.integers(0, 4),
    st.sampled_from([timedelta(), timedelta(minutes=59), timedelta(days=1)]),
)
def test_remembering_changes_no_number(asked: list[Query], days: int, later: timedelta) -> None:
    for queue in (None, known_queue(asked[0].created_at + later, days)):
        plain = np.stack([encode_query(one, encoding(), queue) for one in asked])
        together, alone = encoder().rows(asked, queue), [encoder().row(one, queue) for one in asked]
        assert together.dtype == alone[0].dtype == np.float32
        np.testing.assert_array_equal(together, plain)
        np.testing.assert_array_equal(np.stack(alone), plain)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = query(created_at=datetime(2026, 3, 2))  # noqa: DTZ001
    with pytest.raises(ValueError, match="without a zone"):
        encoder().row(naive)
    with pytest.raises(ValueError, match="without a zone"):
        encoder().rows([query(created_at=START), naive])
