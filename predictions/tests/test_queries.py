from __future__ import annotations

from urllib.parse import parse_qsl

from hypothesis import given
from hypothesis import strategies as st

from predictions.queries import _pairs


@given(st.text(alphabet="abAB=&;%+203:é", max_size=40))
def test_an_address_is_taken_apart_as_the_standard_library_does(text: str) -> None:
    assert _outcome(text) == _expected(text)


def _outcome(text: str) -> list[tuple[str, str]] | None:
    try:
        return _pairs(text)
    except ValueError:
        return None


def _expected(text: str) -> list[tuple[str, str]] | None:
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        return None
