"""What the public reads of a description, in each place where it could."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from complaints import publication
from complaints.models import City, Complaint
from complaints.tests.factories import make_city, make_complaint, make_type
from complaints.tests.forecasters import FixedForecaster

pytestmark = pytest.mark.django_db

WRITTEN = "Drums all night, call 212-555-0142 or jane@example.org"
SHOWN = "Drums all night, call [phone] or [e-mail]"
GOOD = {"complaint_type": "noise-residential", "latitude": 40.75, "longitude": -73.85}
REDACTED = City.DescriptionPolicy.REDACTED
PRIVATE = City.DescriptionPolicy.PRIVATE


@pytest.fixture(autouse=True)
def city(monkeypatch: pytest.MonkeyPatch) -> City:
    monkeypatch.setattr("complaints.intake.get_forecaster", FixedForecaster)
    return make_type().city


def set_policy(city: City, policy: str) -> None:
    """Change the setting alone, without renewing the stored texts."""
    City.objects.filter(pk=city.pk).update(description_policy=policy)


def redact_descriptions(*arguments: str) -> str:
    out = StringIO()
    call_command("redact_descriptions", *arguments, stdout=out)
    return out.getvalue()


def file(client: Client, **changes: Any) -> Any:
    body = {**GOOD, "description": WRITTEN, **changes}
    response = client.post("/api/v1/complaints/", body, content_type="application/json")
    assert response.status_code == 201, response.content
    return response.json()


def in_list(client: Client) -> str:
    return str(client.get("/api/v1/complaints/").json()["results"][0]["description"])


def in_detail(client: Client) -> str:
    public_id = Complaint.objects.get().public_id
    return str(client.get(f"/api/v1/complaints/{public_id}/").json()["description"])


@pytest.mark.parametrize("read", [in_list, in_detail])
def test_a_city_keeps_descriptions_private_unless_it_says_otherwise(
    client: Client, read: Callable[[Client], str]
) -> None:
    assert make_city().description_policy == PRIVATE
    assert file(client)["description"] == WRITTEN
    assert Complaint.objects.get().description == WRITTEN
    assert read(client) == ""


@pytest.mark.parametrize("read", [in_list, in_detail])
def test_a_city_may_publish_them_redacted(
    client: Client, city: City, read: Callable[[Client], str]
) -> None:
    set_policy(city, REDACTED)
    file(client)
    assert read(client) == SHOWN
    set_policy(city, PRIVATE)
    assert read(client) == ""


@pytest.mark.django_db(transaction=True)
def test_exports_show_what_the_list_shows(client: Client, city: City) -> None:
    set_policy(city, REDACTED)
    file(client, description=f"={WRITTEN}")

    def exported(name: str) -> str:
        response: Any = client.get(f"/api/v1/complaints.{name}")
        return str(response.getvalue().decode())

    feature = json.loads(exported("geojson"))["features"][0]
    assert feature["properties"]["description"] == f"={SHOWN}"
    assert f'"\'={SHOWN}"' in exported("csv")
    set_policy(city, PRIVATE)
    assert "Drums" not in exported("csv") + exported("geojson")


@pytest.mark.parametrize("policy", City.DescriptionPolicy.values)
@pytest.mark.parametrize("words", ["212-555-0142", "5550142", "0142", "jane@example.org", "jane"])
def test_a_search_never_finds_what_was_taken_out(
    client: Client, city: City, policy: str, words: str
) -> None:
    set_policy(city, policy)
    file(client, address=f"1 MAIN STREET {WRITTEN}")
    assert client.get("/api/v1/complaints/", {"q": words}).json()["results"] == []


def test_a_search_finds_descriptions_only_while_they_are_public(client: Client, city: City) -> None:
    def count(words: str) -> int:
        return len(client.get("/api/v1/complaints/", {"q": words}).json()["results"])

    file(client)
    assert count("drums") == 0
    set_policy(city, REDACTED)
    file(client)
    assert count("drums") == 1
    set_policy(city, PRIVATE)
    assert count("drums") == 0
    assert count("noise") == 2


@pytest.mark.parametrize("field", ["address", "descriptor"])
def test_public_fields_are_redacted_whatever_the_policy(client: Client, field: str) -> None:
    answer = file(client, **{field: WRITTEN})
    assert answer[field] == SHOWN
    assert Complaint.objects.get().as_filed == {field: WRITTEN}


def test_short_fields_cannot_hide_a_number(client: Client) -> None:
    answer = file(client, zip="2125550142", channel="call 212-555-0142")
    assert (answer["zip"], answer["channel"]) == ("[phone]", "call [phone]")


def test_a_replacement_that_is_too_long_is_cut(client: Client) -> None:
    assert file(client, address="a@b.co " * 42)["address"] == ("[e-mail] " * 42)[:300]


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_what_staff_correct_is_redacted_too(client: Client, city: City, staff: Client) -> None:
    set_policy(city, REDACTED)
    public_id = file(client, address="12 Main St apt 4B")["id"]
    body = {"description": "Now jane@example.org", "address": "14 Main St"}
    path = f"/api/v1/complaints/{public_id}/"
    answer = staff.patch(path, body, content_type="application/json").json()
    assert answer["description"] == "Now jane@example.org"
    assert in_detail(client) == "Now [e-mail]"
    complaint = Complaint.objects.get()
    assert (complaint.address, complaint.as_filed) == ("14 Main St", {})
    staff.patch(path, {"description": ""}, content_type="application/json")
    assert in_detail(client) == ""


def test_changing_the_policy_renews_what_is_stored(client: Client, city: City) -> None:
    file(client)
    imported = make_complaint(address="1 MAIN ST APT 4B", observed_at="2019-07-17T00:00:00Z")
    before = Complaint.objects.exclude(pk=imported.pk).get()
    words = redact_descriptions("--policy", "redacted")
    assert "1 complaints redacted anew, the public reads something else of 1." in words
    after = Complaint.objects.get(pk=before.pk)
    assert after.public_description == SHOWN
    assert after.updated_at > before.updated_at
    assert Complaint.objects.get(pk=imported.pk).address == "1 MAIN ST APT 4B"
    assert "0 complaints redacted anew" in redact_descriptions()
    redact_descriptions("--policy", "private")
    assert Complaint.objects.get(pk=before.pk).public_description == ""


def test_changing_the_rules_renews_what_is_stored(
    client: Client, city: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_policy(city, REDACTED)
    for _ in range(5):
        file(client, address="Drums")
    updated_at = Complaint.objects.earliest("pk").updated_at
    monkeypatch.setattr(publication, "RULES_VERSION", 2)
    monkeypatch.setattr(publication, "BATCH", 2)
    assert "5 complaints redacted anew, the public reads something else of 0." in (
        redact_descriptions()
    )
    assert Complaint.objects.earliest("pk").updated_at == updated_at
    monkeypatch.setattr(publication, "RULES_VERSION", 3)
    monkeypatch.setattr(publication, "redact", lambda text, _: text.replace("Drums", "[x]"))
    redact_descriptions()
    complaint = Complaint.objects.earliest("pk")
    assert (complaint.address, complaint.as_filed) == ("[x]", {"address": "Drums"})
    assert complaint.public_description.startswith("[x]")


def test_a_city_that_is_not_there_is_named() -> None:
    with pytest.raises(Exception, match="there is no city 'gotham'"):
        redact_descriptions("--city", "gotham")


def test_the_admin_redacts_what_it_saves(client: Client, city: City, staff: Client) -> None:
    set_policy(city, REDACTED)
    file(client)
    complaint = Complaint.objects.get()
    path = f"/admin/complaints/complaint/{complaint.pk}/change/"
    page = staff.get(path).context
    forms = [page["adminform"].form]
    for inline in page["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {form.add_prefix(name): form[name].value() for form in forms for name in form.fields}
    sent = {name: "" if value is None else value for name, value in values.items()}
    sent |= {"description": "Write to jane@example.org", "address": "Apt 4B"}
    assert staff.post(path, sent).status_code == 302
    complaint.refresh_from_db()
    assert complaint.public_description == "Write to [e-mail]"
    assert (complaint.address, complaint.as_filed) == ("[apartment]", {"address": "Apt 4B"})
