"""Agencies, types, districts and cities by form and by file."""

import csv
import io
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from complaints.models import Agency, City, ComplaintType, District
from complaints.tests.factories import make_agency, make_city, make_district, make_type
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db
CSV = "0"
"""The first of the formats that are offered."""


@pytest.fixture
def admin() -> Client:
    client = Client()
    client.force_login(make_user("root", "admin"))
    return client


def upload(client: Client, model: str, text: str) -> Any:
    """Show what a file would do, and do it if it is right."""
    address = f"/admin/complaints/{model}/"
    file = SimpleUploadedFile("rows.csv", text.encode(), "text/csv")
    shown = client.post(f"{address}import/", {"import_file": file, "format": CSV})
    form = shown.context and shown.context.get("confirm_form")
    return client.post(f"{address}process_import/", form.initial) if form else shown


def download(client: Client, model: str) -> list[dict[str, str]]:
    address = f"/admin/complaints/{model}/export/"
    offered = client.get(address).context["form"].fields
    fields = {name: "on" for name in offered if "resource_" in name}
    answer = client.post(address, {**fields, "format": CSV, "resource": ""})
    assert answer["Content-Type"] == "text/csv", answer.content[:3000]
    return list(csv.DictReader(io.StringIO(answer.content.decode())))


def test_what_is_downloaded_is_taken_back_and_changes_nothing(admin: Client) -> None:
    make_type(aliases=["racket", "Loud, very"], keywords=["loud"], promised_hours=12.5)
    make_district(parent=make_district("queens", name="QUEENS", kind="borough"))
    for model, kind in (
        ("city", City),
        ("agency", Agency),
        ("complainttype", ComplaintType),
        ("district", District),
    ):
        before = list(kind.objects.order_by("pk").values())
        rows = download(admin, model)
        text = io.StringIO()
        writer = csv.DictWriter(text, rows[0])
        writer.writeheader()
        writer.writerows(rows)
        assert upload(admin, model, text.getvalue()).status_code == 302, model
        assert list(kind.objects.order_by("pk").values()) == before
    assert download(admin, "complainttype")[0]["aliases"] == "racket|Loud, very"


def test_a_file_adds_and_changes_by_city_and_code(admin: Client) -> None:
    make_agency("DEP", name="Old")
    text = "city,code,name\nnyc,DEP,Environment\nnyc,DOT,Transport\n"
    assert upload(admin, "agency", text).status_code == 302
    assert dict(Agency.objects.values_list("code", "name")) == {
        "DEP": "Environment",
        "DOT": "Transport",
    }


@pytest.mark.parametrize(
    "row",
    [
        "nowhere,a,A,,",
        "nyc,not a slug,A,,",
        "nyc,a,A,racket,",
        "nyc,a,A,,UNKNOWN",
        "nyc,a,Racket,,",
    ],
)
def test_a_file_with_one_wrong_row_changes_nothing(admin: Client, row: str) -> None:
    make_type(aliases=["Racket"])
    text = f"city,code,name,aliases,agency\nnyc,fine,Fine,,NYPD\n{row}\n"
    assert upload(admin, "complainttype", text).status_code == 200
    assert ComplaintType.objects.count() == 1


def test_only_admins_upload() -> None:
    client = Client()
    client.force_login(make_user("mara", "manager"))
    assert client.get("/admin/complaints/agency/import/").status_code == 403
    assert client.get("/admin/complaints/agency/export/").status_code == 200


@pytest.mark.parametrize(
    ("aliases", "named"),
    [
        (["RODENT"], "rodent"),
        (["rats"], "rodent"),
        (["Rats And Mice"], "rodent"),
        (["rats-and-mice"], "rodent"),
    ],
)
def test_an_alias_that_means_another_type_is_refused(aliases: list[str], named: str) -> None:
    make_type("rats-and-mice", name="Rodent", aliases=["Rats"])
    with pytest.raises(ValidationError, match=named[1:]):
        make_type("noise", aliases=aliases).full_clean()


def test_so_is_a_name_that_is_an_alias_already_but_not_in_another_city() -> None:
    make_type("rats", name="Rodent", aliases=["Vermin"])
    with pytest.raises(ValidationError, match="vermin"):
        make_type("other", name="VERMIN").full_clean()
    make_type("other", name="Vermin", city=make_city("sf"), agency=None).full_clean()
    # New York has two that differ in case alone, of two agencies.
    make_type("a", name="PLUMBING").full_clean()
    make_type("b", name="Plumbing", agency=make_agency("DOB")).full_clean()


def test_the_form_takes_aliases_a_line_each(admin: Client) -> None:
    make_type("rats", name="Rodent", aliases=["Vermin"])
    kind = make_type("noise")
    address = f"/admin/complaints/complainttype/{kind.pk}/change/"
    form = admin.get(address).context["adminform"].form
    body = {name: value for name, value in form.initial.items() if value is not None}
    assert set(form.fields) >= {"city", "code", "name", "agency", "promised_hours", "is_active"}
    body |= {"aliases": "Din\r\n\r\nLoud, very\r\n", "keywords": "", "name": "Noise!"}
    assert admin.post(address, body).status_code == 302
    kind.refresh_from_db()
    assert (kind.aliases, kind.name) == (["Din", "Loud, very"], "Noise!")
    refused = admin.post(address, {**body, "aliases": "vermin"}).content.decode()
    assert "means Rodent" in refused


def attributes(*rows: dict[str, str], **more: str) -> dict[str, str]:
    body = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0", **more}
    for number, row in enumerate(rows):
        body |= {f"form-{number}-{name}": value for name, value in row.items()}
    return body


WHERE = {"code": "where", "description": "Where is it?", "datatype": "singlevaluelist"}
SIZE = {"code": "size", "description": "How large?", "datatype": "number", "required": "on"}


def test_open311_attributes_are_made_by_form(admin: Client) -> None:
    kind = make_type()
    address = f"/admin/complaints/complainttype/{kind.pk}/attributes/"
    places = {**WHERE, "values": "in: Inside: the house\nout"}
    empty: dict[str, str] = {}
    rows = (SIZE, places, empty)
    assert admin.post(address, attributes(*rows)).status_code == 302
    kind.refresh_from_db()
    size, where = kind.attribute_definitions
    assert (size["code"], size["required"], size["order"], size["variable"]) == (
        *("size", True, 1, True),
    )
    assert where["values"] == [
        {"key": "in", "name": "Inside: the house"},
        {"key": "out", "name": "out"},
    ]
    shown = admin.get(address)
    assert shown.context["forms"].initial[1]["values"] == "in: Inside: the house\nout: out"
    assert (
        "attribute_definitions"
        not in admin.get(f"/admin/complaints/complainttype/{kind.pk}/change/").content.decode()
    )


@pytest.mark.parametrize(
    "rows",
    [
        (WHERE,),
        ({**SIZE, "values": "a: A"},),
        (SIZE, SIZE),
        ({**WHERE, "values": "a: A\na: B"},),
        ({**SIZE, "code": "two words"},),
        ({**SIZE, "datatype": "picture"},),
    ],
)
def test_attributes_that_make_no_sense_are_refused(
    admin: Client, rows: tuple[dict[str, str], ...]
) -> None:
    kind = make_type()
    address = f"/admin/complaints/complainttype/{kind.pk}/attributes/"
    assert admin.post(address, attributes(*rows)).status_code == 200
    kind.refresh_from_db()
    assert kind.attribute_definitions == []
