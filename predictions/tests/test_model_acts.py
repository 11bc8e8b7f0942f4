"""Letting versions serve and rolling back: over HTTP, by command, in the admin."""

from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.test import Client
from django_tasks_db.models import DBTaskResult

from complaints.tests.factories import make_type
from predictions.models import ForecastWatch, ModelVersion, PromiseCount
from predictions.tests.small_model import activate_small_model, copy_of
from smart311.accounts.tests.people import make_user

pytestmark = pytest.mark.django_db

CHECK = {"name": "coverage", "passed": False, "got": 0.5, "expected": "0.7 to 0.92"}
VERDICT = {
    "passed": False,
    "decided_at": "2026-04-06T05:00:00+00:00",
    "tested": "its rehearsal",
    "against": "none serves yet",
    "holdout": {"filed_from": None, "filed_until": None, "rows": 5, "restrict_hours": 72.0},
    "checks": [CHECK],
}


@pytest.fixture
def refused() -> ModelVersion:
    """A second version that the gate refused, beside the serving small-1."""
    return copy_of(activate_small_model(), "small-2", status="refused", verdict=VERDICT)


@pytest.fixture
def staff(client: Client, django_user_model: type[User]) -> Client:
    user = django_user_model.objects.create_user("ada", password="x", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(codename__in=["activate_modelversion", "view_modelversion"])
    )
    client.force_login(user)
    return client


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(f"/api/v1/models/{path}", body, content_type="application/json")


def active() -> str:
    return ModelVersion.objects.active().get().version


@pytest.mark.parametrize("slash", ["", "/"])
def test_staff_let_a_refused_version_serve_with_a_reason(
    staff: Client, refused: ModelVersion, slash: str
) -> None:
    response = post(staff, f"small-2/activate{slash}", reason="the holdout was a holiday")
    assert response.status_code == 200
    body = response.json()
    assert (body["version"], body["status"]) == ("small-2", "active")
    assert body["verdict"]["checks"] == [CHECK]
    assert body["history"][0]["by"] == "ada"
    assert body["history"][0]["reason"] == "the holdout was a holiday"
    assert active() == "small-2"


def test_without_a_reason_it_is_a_409(staff: Client, refused: ModelVersion) -> None:
    response = post(staff, "small-2/activate/")
    assert response.status_code == 409
    assert "give a reason" in response.json()["detail"]
    assert active() == "small-1"


def test_a_damaged_version_is_a_409(staff: Client, refused: ModelVersion) -> None:
    ModelVersion.objects.filter(version="small-2").update(onnx=b"junk")
    response = post(staff, "small-2/activate/", reason="why not")
    assert response.status_code == 409
    assert "SHA-256" in response.json()["detail"]
    assert active() == "small-1"


def test_staff_roll_back_and_are_told_what_serves(staff: Client, refused: ModelVersion) -> None:
    refused.activate()
    response = post(staff, "small-2/rollback/", reason="worse than it looked")
    assert (response.status_code, response.json()["version"]) == (200, "small-1")
    assert active() == "small-1"
    again = post(staff, "small-2/rollback/")
    assert (again.status_code, again.json()["title"]) == (409, "Conflict")
    last = post(staff, "small-1/rollback/")
    assert "No version that can serve" in last.json()["detail"]


@pytest.mark.parametrize("act", ["activate", "rollback"])
def test_only_who_may_does(
    client: Client, django_user_model: type[User], refused: ModelVersion, act: str
) -> None:
    assert post(client, f"small-2/{act}/", reason="x").status_code == 401
    client.force_login(django_user_model.objects.create_user("bob", is_staff=True))
    assert post(client, f"small-2/{act}/", reason="x").status_code == 403
    assert active() == "small-1"


def test_bad_bodies_and_unknown_versions_are_said(staff: Client, refused: ModelVersion) -> None:
    assert post(staff, "small-9/activate/").status_code == 404
    assert post(staff, "small-2/activate/", reason=7).status_code == 400
    unknown = post(staff, "small-2/activate/", motive="x")
    assert unknown.json()["errors"][0]["pointer"] == "/motive"
    assert staff.get("/api/v1/models/small-2/activate/").status_code == 405


def test_the_public_reads_the_verdict_but_not_who_acted(
    client: Client, refused: ModelVersion
) -> None:
    body = client.get("/api/v1/models/small-2/").json()
    assert body["verdict"]["passed"] is False
    assert "history" not in body
    assert client.get("/api/v1/models/small-1/").json()["verdict"] is None


def run(name: str, *args: str) -> str:
    out = StringIO()
    call_command(name, *args, stdout=out)
    return out.getvalue()


def test_the_commands_activate_and_roll_back(refused: ModelVersion) -> None:
    with pytest.raises(CommandError, match=r"give a reason\. Nothing has changed"):
        run("activate_model", "small-2")
    assert "small-2 serves now" in run("activate_model", "small-2", "--reason", "a try")
    assert "small-2 is withdrawn; small-1 serves again" in run("rollback_model")
    with pytest.raises(CommandError, match="No version that can serve"):
        run("rollback_model")
    with pytest.raises(CommandError, match=r"no version 'small-9' \(newest: small-2, small-1\)"):
        run("activate_model", "small-9")
    with pytest.raises(CommandError, match="no version is active for 'gotham'"):
        run("rollback_model", "--city", "gotham")


def admin_act(client: Client, action: str, version: ModelVersion, reason: str = "") -> str:
    data = {"action": action, "_selected_action": [version.pk], "reason": reason}
    response = client.post("/admin/predictions/modelversion/", data, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def test_the_admin_activates_and_rolls_back(staff: Client, refused: ModelVersion) -> None:
    assert "give a reason" in admin_act(staff, "activate", refused)
    assert "small-2 serves now." in admin_act(staff, "activate", refused, "a try")
    assert "small-1 serves again." in admin_act(staff, "roll_back", refused)
    assert active() == "small-1"


def test_the_admin_shows_the_verdict_and_the_history(staff: Client, refused: ModelVersion) -> None:
    admin_act(staff, "activate", refused, "<b>bold</b>")
    page = staff.get(f"/admin/predictions/modelversion/{refused.pk}/change/").content.decode()
    assert "0.7 to 0.92" in page
    assert "activated by ada" in page
    assert "<b>bold</b>" not in page


def test_looking_is_not_acting(
    client: Client, django_user_model: type[User], refused: ModelVersion
) -> None:
    user = django_user_model.objects.create_user("bob", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_modelversion"))
    client.force_login(user)
    admin_act(client, "activate", refused, "x")
    assert active() == "small-1"


MODELS = "/admin/predictions/modelversion/"


def test_buttons_ask_before_a_version_serves_or_is_withdrawn(
    staff: Client, refused: ModelVersion
) -> None:
    serve, withdraw = (f"{MODELS}{refused.pk}/{act}/" for act in ("serve", "withdraw"))
    assert "say why" in staff.get(serve).content.decode()
    assert "give a reason" in staff.post(serve, {"reason": ""}).content.decode()
    assert active() == "small-1"
    assert staff.post(serve, {"reason": "a try"}).status_code == 302
    assert active() == "small-2"
    assert staff.post(withdraw, {"reason": "enough"}).status_code == 302
    assert active() == "small-1"
    assert "does not serve now" in staff.post(withdraw, {"reason": ""}).content.decode()


def test_a_training_is_asked_for_once(staff: Client, refused: ModelVersion) -> None:
    address = f"{MODELS}retrain/"
    assert not DBTaskResult.objects.exists()
    staff.get(address)
    assert not DBTaskResult.objects.exists()
    for _ in range(2):
        staff.post(address, {"city": refused.city_id})
    task = DBTaskResult.objects.get()
    assert task.args_kwargs["args"] == [refused.city.slug]


def test_managers_look_at_models_and_decide_nothing(refused: ModelVersion) -> None:
    client = Client()
    client.force_login(make_user("mara", "manager"))
    assert "small-2" in client.get(MODELS).content.decode()
    for path in (f"{refused.pk}/serve/", f"{refused.pk}/withdraw/", "retrain/"):
        assert client.post(f"{MODELS}{path}", {"reason": "x"}).status_code == 403
    assert active() == "small-1"


def test_the_list_puts_versions_and_their_promises_beside_each_other(
    staff: Client, refused: ModelVersion
) -> None:
    overall = {"mae_hours": 21.53, "brier_24": 0.1234, "coverage_80": 0.81, "concordance": 0.7}
    refused.metrics = {"models": {"forecast": {"overall": overall}}}
    refused.save(update_fields=["metrics"])
    kind = make_type()
    PromiseCount.objects.create(
        city=refused.city, model="small-2", week_on="2026-07-06", complaint_type=kind,
        due=10, early=1, kept=8, late=1, before_median=5, error_seconds=36000,
    )  # fmt: skip
    ForecastWatch.objects.create(city=refused.city, alerts=["hour has drifted"])
    page = staff.get(MODELS).content.decode()
    for told in ("21.5", "0.123", "81%", "0.70", "80% of 10", "hour has drifted"):
        assert told in page
    shown = staff.get(f"{MODELS}{refused.pk}/change/").content.decode()
    assert "translate(180.0 20.0)" in shown
    assert "10 promises have come due; mean error 1.0 h" in shown
