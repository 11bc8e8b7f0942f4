"""The pages of imports."""

from pathlib import Path

import pytest
from django.test import Client

from complaints.models import Import
from complaints.tests.csv_files import write_csv
from complaints.tests.factories import make_city
from complaints.tests.test_import_complaints import load

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("path", ["/dashboard/imports", "/dashboard/imports/"])
def test_before_the_first_import_the_page_says_so(client: Client, path: str) -> None:
    assert "Nothing was imported yet" in client.get(path).content.decode()
    assert client.post(path).status_code == 405


def test_an_import_shows_its_counts_and_checks_by_agency(client: Client, tmp_path: Path) -> None:
    make_city()
    odd = {"unique_key": "77", "latitude": "10"}
    path = write_csv(tmp_path / "a.csv", {}, odd, {"unique_key": ""})
    load(path)
    run = Import.objects.get()
    listed = client.get("/dashboard/imports/").content.decode()
    assert f'/dashboard/imports/{run.pk}"' in listed
    page = client.get(f"/dashboard/imports/{run.pk}/").content.decode()
    for text in ("Coordinates outside the city", "NYPD 1", "33.3%", "77", "Rejected: no id"):
        assert text in page
    # Ids and counts only: what stood in a rejected row is for staff.
    assert "1 EXAMPLE STREET" not in page
    assert 'http-equiv="refresh"' not in page


def test_a_running_import_renews_its_page(client: Client) -> None:
    run = Import.objects.create(origin="file", name="a.csv", status="running", progress=0.25)
    page = client.get(f"/dashboard/imports/{run.pk}").content.decode()
    assert 'http-equiv="refresh"' in page
    assert "25%" in page


def test_another_number_is_not_found(client: Client) -> None:
    assert client.get("/dashboard/imports/99/").status_code == 404
