"""Which hosts a page may ask for map tiles."""

import pytest

from smart311.tiles import tile_sources


@pytest.mark.parametrize(
    ("url", "sources"),
    [
        ("", []),
        ("/tiles/{z}/{x}/{y}.png", []),
        ("https://tiles.example/{z}/{x}/{y}.png?key=1", ["https://tiles.example"]),
        ("http://127.0.0.1:9000/{z}/{x}/{y}", ["http://127.0.0.1:9000"]),
        ("https://{s}.tiles.example/{z}/{x}/{y}.png", ["https://*.tiles.example"]),
    ],
)
def test_exactly_the_host_of_the_tiles_may_be_asked(url: str, sources: list[str]) -> None:
    assert tile_sources(url) == sources
