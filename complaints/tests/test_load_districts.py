"""`manage.py load_districts` and the districts that boundaries give."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from complaints.boundaries import boundaries
from complaints.districts import districts_at
from complaints.models import Complaint, District, DistrictBoundary
from complaints.tests.factories import make_city, make_complaint, make_district, make_type
from complaints.tests.forecasters import FixedForecaster

pytestmark = pytest.mark.django_db

Ring = list[list[float]]


def square(west: float, south: float, size: float = 0.1) -> Ring:
    east, north = west + size, south + size
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def feature(geometry: Any, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def polygon(*rings: Ring) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


WITH_HOLE = polygon(square(-74.0, 40.6), square(-73.96, 40.64, 0.02))
IN_TWO_PARTS = {
    "type": "MultiPolygon",
    "coordinates": [[square(-73.9, 40.6)], [square(-73.75, 40.8, 0.05)]],
}
FEATURES = [
    feature(WITH_HOLE, boro_cd=407.0, label="With a hole"),
    feature(IN_TWO_PARTS, boro_cd="Two Parts", label="In two parts"),
]

Load = Callable[..., str]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load features, as district files of any content."""
    make_city()

    def run(features: Any = FEATURES, *options: str, **extra: Any) -> str:
        path = tmp_path / "boards.geojson"
        found = {"type": "FeatureCollection", "features": features, **extra}
        path.write_text(json.dumps(found))
        out = StringIO()
        call_command(
            "load_districts",
            str(path),
            "--kind=community_board",
            "--code-property=boro_cd",
            "--name-property=label",
            *options,
            stdout=out,
        )
        return out.getvalue()

    return run


def codes_at(*places: tuple[float, float]) -> list[str | None]:
    codes = {district.pk: district.code for district in District.objects.all()}
    return [codes[key] if key else None for key in districts_at(make_city(), places)]


def test_it_makes_districts_with_boundaries(load: Load) -> None:
    assert load() == (
        "2 areas: 2 boundaries new, 0 changed, 0 unchanged.\nNew districts: 407, two-parts.\n"
    )
    rows = District.objects.values_list("code", "name", "kind")
    assert set(rows) == {
        ("407", "With a hole", "community_board"),
        ("two-parts", "In two parts", "community_board"),
    }


def test_the_same_file_again_changes_nothing(load: Load) -> None:
    load()
    before = list(DistrictBoundary.objects.order_by("pk").values())
    assert load() == "2 areas: 0 boundaries new, 0 changed, 2 unchanged.\n"
    assert list(DistrictBoundary.objects.order_by("pk").values()) == before


def test_a_known_district_is_found_by_code_or_name(load: Load) -> None:
    by_code = make_district("407", name="07 QUEENS")
    by_name = make_district("queens-08", name="in TWO parts")
    assert "New districts" not in load()
    assert set(DistrictBoundary.objects.values_list("pk", flat=True)) == {by_code.pk, by_name.pk}
    by_code.refresh_from_db()
    assert by_code.name == "07 QUEENS"


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ((40.61, -73.99), "407"),
        ((40.65, -73.95), None),
        ((40.64, -73.95), "407"),
        ((40.60, -74.00), "407"),
        ((40.65, -74.00), "407"),
        ((40.65, -73.90), "407"),
        ((40.61, -73.85), "two-parts"),
        ((40.82, -73.73), "two-parts"),
        ((40.75, -73.95), None),
        ((-40.61, 73.99), None),
    ],
    ids=["inside", "hole", "edge of hole", "corner", "edge", "shared edge", "part", "other part",
         "between", "other side of the earth"],
)  # fmt: skip
def test_a_point_has_the_district_that_holds_it(
    load: Load, place: tuple[float, float], code: str | None
) -> None:
    load()
    assert codes_at(place) == [code]


def test_many_points_are_answered_in_their_order(load: Load) -> None:
    load()
    asked = [(40.61, -73.85), (40.75, -73.95), (40.61, -73.99), (40.61, -73.85)]
    assert codes_at(*asked) == ["two-parts", None, "407", "two-parts"]
    assert districts_at(make_city(), [None]) == [None]


def test_of_areas_that_overlap_the_smallest_counts(load: Load) -> None:
    load([feature(polygon(square(-74.1, 40.5, 0.5)), boro_cd="large", label="Large"), *FEATURES])
    assert codes_at((40.61, -73.99), (40.65, -73.95)) == ["407", "large"]


def test_areas_with_one_code_are_joined(load: Load) -> None:
    parts = [
        feature(polygon(square(-74.0, 40.6)), boro_cd="a", label="A"),
        feature(polygon(square(-73.8, 40.6)), boro_cd="a", label="A"),
    ]
    load(parts)
    assert codes_at((40.65, -73.95), (40.65, -73.75)) == ["a", "a"]


def test_lines_that_cross_are_mended(load: Load) -> None:
    bow_tie = [[-74.0, 40.6], [-73.9, 40.7], [-73.9, 40.6], [-74.0, 40.7], [-74.0, 40.6]]
    assert "1 had lines that cross" in load([feature(polygon(bow_tie), boro_cd="a", label="A")])
    assert codes_at((40.65, -73.98), (40.61, -73.95)) == ["a", None]


def test_a_changed_boundary_is_noticed(load: Load) -> None:
    load()
    before = boundaries.state()
    assert boundaries.state() == before
    moved = [feature(polygon(square(-73.95, 40.75)), boro_cd="407", label="With a hole")]
    assert load(moved).startswith("1 areas: 0 boundaries new, 1 changed, 0 unchanged.")
    assert codes_at((40.61, -73.99), (40.8, -73.9), (40.61, -73.85)) == [None, "407", "two-parts"]


def test_another_city_keeps_asking_its_neighbours(load: Load) -> None:
    load()
    gotham = make_city("gotham")
    assert districts_at(gotham, [(40.61, -73.99)]) == [None]


SQUARE = polygon(square(-74.0, 40.6))
BAD: list[tuple[list[Any], str]] = [
    ([], "expected features, got none"),
    (["x"], "feature 1 is no feature"),
    ([feature(SQUARE, label="A")], "feature 1 has no property 'boro_cd'; it has: label"),
    ([feature(SQUARE, boro_cd="a")], "feature 1 has no property 'label'"),
    ([feature(SQUARE, boro_cd=None, label="A")], "got 'None' as its boro_cd"),
    ([feature(SQUARE, boro_cd="!!!", label="A")], "its boro_cd makes no code"),
    ([feature(None, boro_cd="a", label="A")], "got the geometry 'None'"),
    ([feature({"type": "Point", "coordinates": [1, 2]}, boro_cd="a", label="A")], "'Point'"),
    ([feature({"type": "Polygon"}, boro_cd="a", label="A")], "feature 1:"),
    ([feature(polygon(), boro_cd="a", label="A")], "its polygon has no area"),
    ([feature({**SQUARE, "coordinates": [[["a", "b"]]]}, boro_cd="a", label="A")], "feature 1:"),
    ([feature(polygon([[1, 2], [3, 4]]), boro_cd="a", label="A")], "feature 1:"),
    ([feature(polygon(square(913000, 120000)), boro_cd="a", label="A")], "expected degrees"),
    ([FEATURES[0], feature(SQUARE, label="A")], "feature 2 has no property"),
]


@pytest.mark.parametrize(("features", "message"), BAD)
def test_a_bad_file_is_explained_and_nothing_is_loaded(
    load: Load, features: list[Any], message: str
) -> None:
    with pytest.raises(CommandError) as caught:
        load(features)
    assert message in str(caught.value)
    assert str(caught.value).endswith("nothing was loaded")
    assert not District.objects.exists()


def test_another_coordinate_system_is_refused(load: Load) -> None:
    with pytest.raises(CommandError, match="EPSG::2263"):
        load(crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2263"}})
    assert load(crs={"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "FeatureCollection"),
        (None, "No such"),
    ],
)
def test_what_is_no_geojson_is_refused(tmp_path: Path, content: bytes | None, message: str) -> None:
    make_city()
    path = tmp_path / "boards.geojson"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(CommandError, match=message):
        call_command("load_districts", str(path), "--kind=borough", "--code-property=a")


def test_a_district_of_another_kind_is_not_taken_over(load: Load) -> None:
    make_district("407", kind=District.Kind.BOROUGH)
    with pytest.raises(CommandError, match="407 is a borough, not a community_board"):
        load()
    assert not DistrictBoundary.objects.exists()


@pytest.mark.parametrize(("which", "codes"), [("missing", ["407", "old"]), ("all", ["407"] * 2)])
def test_stored_complaints_get_the_district_they_lie_in(
    load: Load, which: str, codes: list[str]
) -> None:
    inside = {"latitude": 40.61, "longitude": -73.99}
    rows = [make_complaint(**inside), make_complaint(district=make_district("old"), **inside)]
    outside = make_complaint(district=make_district("old"))
    make_complaint(latitude=None, longitude=None)
    changed = 2 if which == "all" else 1
    out = load(FEATURES, f"--backfill={which}")
    assert f"{changed} of {3 if which == 'all' else 1} complaints got another district" in out
    for row, code in zip(rows, codes, strict=True):
        before = row.updated_at
        row.refresh_from_db()
        assert row.district and row.district.code == code
        assert (row.updated_at > before) == (code == "407")
    outside.refresh_from_db()
    assert outside.district and outside.district.code == "old"


def test_a_filed_complaint_gets_the_district_of_its_place(
    client: Client, load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)
    make_type()
    load()
    for latitude, longitude in ((40.61, -73.99), (40.75, -73.95)):
        make_complaint(district=make_district("old"), latitude=latitude, longitude=longitude)
    answers = [
        client.post(
            "/api/v1/complaints/",
            {"complaint_type": "noise-residential", "latitude": latitude, "longitude": longitude},
            content_type="application/json",
        ).json()["district"]
        for latitude, longitude in ((40.61, -73.99), (40.75, -73.95))
    ]
    assert answers == ["407", None]
    assert Complaint.objects.count() == 4
