"""`/api/v1/imports/`: asked for over HTTP, run in the worker."""

import gzip
import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from rest_framework.exceptions import ParseError

from complaints import tasks
from complaints.models import Complaint, Import
from complaints.opendata import background
from complaints.tests.csv_files import OPEN, write_csv
from complaints.tests.factories import make_city
from complaints.tests.soda_server import Portal, serving, soda_row
from smart311.accounts.tests.people import make_user
from smart311.bodies import WholeBody

pytestmark = pytest.mark.django_db

PATH = "/api/v1/imports/"


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    make_city()
    storages = dict(settings.STORAGES)
    storages["imports"] = storages["imports"] | {"OPTIONS": {"location": tmp_path / "kept"}}
    settings.STORAGES = storages


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(make_user("mary", "manager"))
    return client


def upload(tmp_path: Path, *rows: dict[str, str], **options: Any) -> SimpleUploadedFile:
    content = write_csv(tmp_path / "a.csv", *rows, **options).read_bytes()
    return SimpleUploadedFile("../../nyc.csv.gz", content)


def work(number: int) -> str:
    """What the worker does."""
    answer: str = tasks.run_import.func(number)
    return answer


def test_an_uploaded_file_is_imported_in_the_background(manager: Client, tmp_path: Path) -> None:
    rows: tuple[dict[str, str], ...] = ({}, OPEN, {"unique_key": "", "complaint_type": "=cmd()"})
    file = upload(tmp_path, *rows, compress=True)
    response = manager.post(PATH, {"file": file, "observed_at": "2019-07-17T04:00:00Z"})
    assert response.status_code == 201, response.content
    made = response.json()
    assert (made["status"], made["name"], made["counts"]) == ("waiting", "nyc.csv.gz", {})
    assert not Complaint.objects.exists()
    assert work(made["id"]) == "done"
    seen = Client().get(f"{PATH}{made['id']}/").json()
    assert (seen["status"], seen["progress"], seen["city"]) == ("done", 1.0, "nyc")
    assert (seen["counts"]["new"], seen["counts"]["rejected"]) == (2, 1)
    assert seen["counts"]["reasons"] == {"no id": 1}
    assert seen["report"]["unknown_type"]["rows"] == 2
    # The file is forgotten: nothing of it lies about.
    assert [path for path in (tmp_path / "kept").rglob("*") if path.is_file()] == []
    rejects = manager.get(f"{PATH}{made['id']}/rejects.csv")
    assert rejects["Content-Type"] == "text/csv; charset=utf-8"
    assert b"3,no id," in rejects.content


def test_a_portal_is_imported_in_the_background(manager: Client, settings: Any) -> None:
    with serving(Portal([soda_row(number) for number in range(3)])) as portal:
        settings.IMPORT_PRIVATE_HOSTS = [portal.host]
        body = {"portal": portal.dataset, "city": "nyc", "mapping": "nyc"}
        response = manager.post(PATH, body, content_type="application/json")
        assert response.status_code == 201, response.content
        assert work(response.json()["id"]) == "done"
    assert Complaint.objects.count() == 3


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"portal": "evil.example.org/abcd-1234"}, "/portal"),
        ({"portal": "nothing"}, "/portal"),
        ({"portal": "data.cityofnewyork.us/erm2-nwe9", "city": "gotham"}, "/city"),
        ({"portal": "data.cityofnewyork.us/erm2-nwe9", "mapping": "gotham"}, "/mapping"),
        ({"portal": "data.cityofnewyork.us/erm2-nwe9", "since": "soon"}, "/since"),
        ({"portal": "data.cityofnewyork.us/erm2-nwe9", "more": 1}, "/more"),
        ({"file": "text"}, "/file"),
    ],
)
def test_a_request_that_cannot_be_is_named(manager: Client, body: Any, pointer: str) -> None:
    response = manager.post(PATH, body, content_type="application/json")
    assert response.status_code == 400
    assert pointer in [error["pointer"] for error in response.json()["errors"]]
    assert not Import.objects.exists()


def test_a_file_that_is_none_fails_and_says_why(manager: Client, tmp_path: Path) -> None:
    file = SimpleUploadedFile("a.csv", b"id,when\n1,now\n")
    made = manager.post(PATH, {"file": file}).json()
    assert work(made["id"]) == "failed"
    seen = Client().get(f"{PATH}{made['id']}/").json()
    assert "no mapping fits the columns id, when" in seen["error"]


def test_a_file_that_is_too_large_is_refused(
    manager: Client, tmp_path: Path, settings: Any
) -> None:
    settings.IMPORT_MOST_MEGABYTES = 0
    response = manager.post(PATH, {"file": SimpleUploadedFile("a.csv", b"x" * 70_000)})
    assert response.status_code == 413
    response = manager.post(PATH, {"file": SimpleUploadedFile("a.csv", b"x" * 100)})
    assert response.status_code == 400
    assert not Import.objects.exists()


def test_an_upload_that_ends_too_soon_is_refused() -> None:
    body = WholeBody(io.BytesIO(b"id\n1"), 10)
    assert body.read(3) == b"id\n"
    assert body.readline() == b"1"
    with pytest.raises(ParseError, match="ends 6 bytes too soon"):
        body.read(3)
    whole = WholeBody(io.BytesIO(b"id"), 2)
    assert (whole.read(), whole.read()) == (b"id", b"")


@pytest.mark.parametrize(("role", "status"), [("", 403), ("agent", 403), ("admin", 200)])
def test_rejected_rows_are_for_staff(role: str, status: int) -> None:
    run = Import.objects.create(origin="file", name="a", rejects=gzip.compress(b"private"))
    client = Client()
    client.force_login(make_user("someone", role))
    assert client.get(f"{PATH}{run.pk}/rejects.csv").status_code == status
    assert Client().get(f"{PATH}{run.pk}/rejects.csv").status_code == 401
    assert b"private" not in Client().get(f"{PATH}{run.pk}/").content


def test_the_list_is_newest_first_and_does_not_read_files(
    client: Client, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        Import.objects.create(origin="file", name=f"{number}", rejects=b"x")
    with django_assert_num_queries(1) as captured:
        found = client.get(PATH).json()["results"]
    assert [run["name"] for run in found] == ["2", "1", "0"]
    assert "rejects" not in captured.captured_queries[0]["sql"]


def test_an_import_that_a_killed_worker_left_is_queued_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    left = Import.objects.create(origin="file", name="a", status="running", started_at=long_ago)
    Import.objects.create(origin="file", name="b", status="running", started_at=timezone.now())
    Import.objects.create(origin="file", name="c", status="done", started_at=long_ago)
    assert background.left_behind() == [left.pk]
    monkeypatch.setattr(background, "is_claimed", lambda number: True)
    assert background.left_behind() == []


def test_an_import_that_is_done_is_not_run_again(tmp_path: Path) -> None:
    run = Import.objects.create(origin="file", name="a", status="done")
    assert work(run.pk) == "done"
    run.refresh_from_db()
    assert run.started_at is None


class TestAdmin:
    @pytest.fixture
    def admin(self) -> Iterator[Client]:
        client = Client()
        client.force_login(make_user("ada", "manager"))
        yield client

    def test_a_file_is_uploaded_and_followed(self, admin: Client, tmp_path: Path) -> None:
        response = admin.post(
            "/admin/complaints/import/add/",
            {"file": upload(tmp_path, {}, {"complaint_type": ""})},
        )
        assert response.status_code == 302, response.content
        run = Import.objects.get()
        assert (run.origin, run.status) == ("file", "waiting")
        assert work(run.pk) == "done"
        page = admin.get(f"/admin/complaints/import/{run.pk}/change/").content.decode()
        assert f"/api/v1/imports/{run.pk}/rejects.csv" in page
        assert "Type not known before" in page
        assert "100%" in admin.get("/admin/complaints/import/").content.decode()

    def test_a_portal_has_to_be_on_the_list(self, admin: Client) -> None:
        page = admin.post("/admin/complaints/import/add/", {"name": "evil.org/abcd-1234"})
        assert "is not on the list" in page.content.decode()
        admin.post("/admin/complaints/import/add/", {"name": "data.sfgov.org/vw6y-z8j6"})
        assert Import.objects.get().origin == "portal"

    def test_neither_and_both_are_refused(self, admin: Client) -> None:
        file = io.BytesIO(b"x")
        for values in ({}, {"file": file, "name": "data.sfgov.org/vw6y-z8j6"}):
            page = admin.post("/admin/complaints/import/add/", values)
            assert "and not both" in page.content.decode()
        assert not Import.objects.exists()


def test_the_admin_follows_an_import_and_stops_when_it_is_done() -> None:
    staff = Client()
    staff.force_login(make_user("mara", "manager"))
    run = Import.objects.create(name="a.csv", origin="file", status="running", progress=0.25)
    address = f"/admin/complaints/import/{run.pk}/change/"
    page = staff.get(address).content.decode()
    assert 'http-equiv="refresh"' in page
    assert 'value="0.25"' in page
    Import.objects.filter(pk=run.pk).update(status="failed", error="no <columns>")
    page = staff.get(address).content.decode()
    assert 'http-equiv="refresh"' not in page
    assert "no &lt;columns&gt;" in page
