from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from complaints.models import City, ComplaintType, District

pytestmark = pytest.mark.django_db

CITY = """
slug = "gotham"
name = "Gotham"
time_zone = "America/New_York"
west = -75.0
south = 40.0
east = -74.0
north = 41.0
jurisdiction_id = "gotham.example"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "city.toml").write_text(CITY)
    (tmp_path / "agencies.csv").write_text("code,name\nGPD,Gotham Police\n")
    (tmp_path / "complaint_types.csv").write_text(
        "code,name,aliases,group,keywords,agency,promised_hours\n"
        "bats,Bats,Flying mice; Night birds,Animals,wings,GPD,12.5\n"
    )
    (tmp_path / "districts.csv").write_text(
        "code,name,kind,parent\nold-01,Old Town,community_board,old\nold,Old,borough,\n"
    )
    return tmp_path


def load(folder: Path) -> str:
    out = StringIO()
    call_command("load_city", folder, stdout=out)
    return out.getvalue()


def test_it_loads_a_city_with_all_it_has(folder: Path) -> None:
    assert load(folder) == "Gotham: 1 agencies, 1 complaint types, 2 districts.\n"
    bats = ComplaintType.objects.get()
    assert (bats.code, bats.aliases, bats.keywords) == (
        "bats",
        ["Flying mice", "Night birds"],
        ["wings"],
    )
    assert (bats.agency and bats.agency.code, bats.promised_hours) == ("GPD", 12.5)
    assert District.objects.get(code="old-01").parent == District.objects.get(code="old")


def test_loading_again_renews_and_deletes_nothing(folder: Path) -> None:
    load(folder)
    (folder / "complaint_types.csv").write_text(
        "code,name,aliases,group,keywords,agency,promised_hours\ncats,Cats,,Animals,,,\n"
    )
    (folder / "city.toml").write_text(CITY.replace('"Gotham"', '"Gotham City"'))
    load(folder)
    assert City.objects.get().name == "Gotham City"
    assert set(ComplaintType.objects.values_list("code", flat=True)) == {"bats", "cats"}


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("city.toml", "slug = ", "city.toml"),
        ("city.toml", 'slug = "gotham"', "expected"),
        ("city.toml", CITY.replace("America/New_York", "Mars/Base"), "Mars/Base"),
        (
            "complaint_types.csv",
            "code,name,aliases,group,keywords,agency,promised_hours\nx,X,,,,FBI,\n",
            "agency 'FBI' is unknown",
        ),
    ],
)
def test_a_bad_file_is_named_and_loads_nothing(
    folder: Path, file: str, text: str, message: str
) -> None:
    (folder / file).write_text(text)
    with pytest.raises(CommandError, match=message):
        load(folder)
    assert not City.objects.exists()


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / "agencies.csv").unlink()
    with pytest.raises(CommandError, match=r"agencies\.csv"):
        load(folder)


def test_new_york_loads_from_its_fixtures() -> None:
    load(Path(settings.BASE_DIR) / "fixtures" / "nyc")
    city = City.objects.get(slug="nyc")
    assert city.complaint_types.count() > 180
    assert city.districts.filter(kind="borough").count() == 5
