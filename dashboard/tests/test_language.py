"""English and Spanish: everything is marked, everything is translated, and only pages speak it."""

import gettext
import re
from pathlib import Path
from unittest.mock import Mock

import django
import pytest
from django.conf import settings
from django.db import OperationalError
from django.test import Client
from django.utils.translation.trans_real import DjangoTranslation

from complaints.models import Complaint, Import
from complaints.opendata.checks import CHECKS
from complaints.tests.factories import NOON, make_complaint, make_district
from dashboard.reasons import REASONS, reason_in_words
from dashboard.standing import Standing
from dashboard.tests.promises import counted, monday
from dashboard.tests.reading import plain
from predictions.tests.small_model import activate_small_model

ROOT = Path(settings.BASE_DIR)
APPS = ("complaints", "dashboard")
TEMPLATES = sorted((ROOT / "dashboard" / "templates").rglob("*.html"))
SAME_EVERYWHERE = {"Smart 311", "PNG", "CSV", "GeoJSON", "Brier 1 d", "3 d", "1 wk"}
_TAGS = re.compile(r"{%\s*blocktranslate.*?endblocktranslate\s*%}|{%.*?%}|{{.*?}}|<[^>]*>", re.S)
_ATTRIBUTES = re.compile(r'(?:aria-label|title|alt|placeholder)="([^"{]*[A-Za-z]{2}[^"{]*)"')


def po_messages(app: str) -> dict[str, str]:
    text = (ROOT / app / "locale" / "es" / "LC_MESSAGES" / "django.po").read_text()
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.*)"$', text, re.M)
    return {_plain(source): _plain(told) for source, told in pairs}


def _plain(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\")


@pytest.mark.parametrize("app", APPS)
def test_the_compiled_catalogue_is_that_of_the_source(app: str) -> None:
    path = ROOT / app / "locale" / "es" / "LC_MESSAGES" / "django.mo"
    with path.open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    messages = po_messages(app)
    assert len(messages) > 10
    assert all(messages.values())
    for source, told in messages.items():
        assert compiled.gettext(source) == told
        assert set(re.findall(r"%\(\w+\)", source)) == set(re.findall(r"%\(\w+\)", told)), source


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_word_of_a_template_is_marked(path: Path) -> None:
    text = path.read_text()
    words = {part.strip(" \n·:–×()&;,.") for part in _TAGS.sub("\0", text).split("\0")}
    left = {part for part in words if re.search(r"[A-Za-z]{2}", part)} - SAME_EVERYWHERE
    assert left - {"nbsp", "html", "doctype html"} == set()
    assert set(_ATTRIBUTES.findall(text)) - {"&nbsp;"} == set()


@pytest.mark.django_db
def test_every_message_that_the_pages_ask_for_has_a_translation(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate_small_model()
    make_district("queens", name="Queens", kind="borough")
    for number in range(30):
        make_complaint(closed_after_hours=number % 4 or None, address="1 MAIN STREET")
    counted(monday(NOON.date()), early=10, kept=80, late=10)
    asked: set[str] = set()
    original = DjangoTranslation.gettext

    def listen(self: DjangoTranslation, message: str) -> str:
        asked.add(message)
        return original(self, message)

    monkeypatch.setattr(DjangoTranslation, "gettext", listen)
    known = {**po_messages("complaints"), **po_messages("dashboard")}
    ids = Complaint.objects.values_list("public_id", flat=True)
    paths = ["", "?range=24h", "?range=1y&status=closed", "how-long", "model", "imports"]
    paths += ["parts/heat", "parts/repeats", "parts/compare?a=queens", "live.json"]
    paths += [f"complaints/{ids[0]}", f"complaints/{ids[1]}", f"imports/{odd_import().pk}"]
    wrong = [
        "nowhere",
        "?agency=NONE",
        "how-long?latitude=1&longitude=1",
        "how-long?created_date=x",
    ]
    wrong += [f"how-long?created_date={day}" for day in ("2019-03-10T02:30", "9999-12-31T23:59")]
    for path in paths + wrong:
        response = client.get(f"/dashboard/{path}", headers={"Accept-Language": "es-US,en"})
        assert (response.status_code == 200) == (path in paths), path
        assert response["Content-Language"] == "es"
    ours = {message for message in asked if message in known or not _is_djangos(message)}
    assert len(ours) > 150
    assert ours - known.keys() - {""} == set()


def _is_djangos(message: str) -> bool:
    """Whether Django itself brings the message: names of days, ages, dates."""
    django_folder = Path(django.__file__).parent
    paths = (django_folder / "conf", django_folder / "contrib" / "humanize")
    sources = (path / "locale" / "en" / "LC_MESSAGES" / "django.po" for path in paths)
    # A message with a context comes as both with a separator between.
    text = message.rpartition("\x04")[2]
    return any(f'"{text}"' in path.read_text() for path in sources)


def odd_import() -> Import:
    """An import in which every check found something, and that refused rows for every reason."""
    found = {"rows": 3, "by_agency": {str(number): 1 for number in range(9)}, "examples": ["1"]}
    reasons = dict.fromkeys([*REASONS, "address longer than 9 characters"], 2)
    return Import.objects.create(
        origin="file",
        name="a.csv",
        status="done",
        city=Complaint.objects.first().city,  # type: ignore[union-attr]
        counts={"read": 100, "reasons": reasons},
        report=dict.fromkeys(CHECKS, found),
    )


@pytest.mark.django_db
def test_the_quality_report_is_told_in_spanish(client: Client) -> None:
    make_complaint()
    number = odd_import().pk
    spanish = {"Accept-Language": "es"}
    page = client.get(f"/dashboard/imports/{number}", headers=spanish).content.decode()
    report = client.get("/dashboard/model", headers=spanish).content.decode()
    assert "Coordenadas fuera de la ciudad" in page
    assert "Rechazadas: sin número" in page
    assert "address de más de 9 caracteres" in page
    assert "Coordenadas fuera de la ciudad" in report
    assert "Coordinates outside" not in page + report


def test_reasons_are_those_that_imports_give() -> None:
    programs = "".join(path.read_text() for path in (ROOT / "complaints" / "opendata").glob("*.py"))
    assert {reason for reason in REASONS if f'"{reason}"' not in programs} == set()
    assert reason_in_words("wrong number of fields (expected 7)").endswith("(expected 7)")
    assert reason_in_words("a reason of tomorrow") == "a reason of tomorrow"


@pytest.mark.django_db
def test_pages_of_errors_speak_the_visitors_language(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.raise_request_exception = False
    spanish = {"Accept-Language": "es"}
    missing = client.get("/nowhere", headers=spanish)
    assert (missing.status_code, missing["Content-Language"]) == (404, "es")
    assert "Aquí no hay nada" in missing.content.decode()
    assert "There is nothing here" in client.get("/nowhere").content.decode()
    for error, status, told in (
        (OperationalError("gone"), 503, "La base de datos no responde"),
        (RuntimeError("a defect"), 500, "El servidor falló"),
    ):
        monkeypatch.setattr(Standing, "find", Mock(side_effect=error))
        page = client.get("/dashboard/", headers=spanish)
        assert (page.status_code, page["Content-Language"]) == (status, "es")
        assert told in page.content.decode()
        assert '<html lang="es">' in page.content.decode()


@pytest.mark.django_db
def test_a_query_that_nobody_can_read_does_not_break_the_page_of_an_error(client: Client) -> None:
    many = "&".join(f"a{number}=1" for number in range(1200))
    response = client.get(f"/nowhere?{many}", headers={"Accept-Language": "es"})
    assert response.status_code in {400, 404}


@pytest.mark.django_db
def test_a_visitor_chooses_spanish_and_it_is_remembered(client: Client) -> None:
    make_complaint()
    assert "Quejas en New York City" in client.get("/dashboard/?lang=es").content.decode()
    text = plain(client.get("/dashboard/").content.decode())
    assert "Presentadas 1 quejas presentadas" in text
    assert "Datos al mié 10 jul 2019, 12:00 EDT" in text.replace("Mié", "mié").replace("Jul", "jul")
    assert '<html lang="es">' in client.get("/dashboard/").content.decode()
    assert "Complaints in" in client.get("/dashboard/?lang=en").content.decode()


@pytest.mark.django_db
def test_an_unknown_language_is_english(client: Client) -> None:
    make_complaint()
    page = client.get("/dashboard/?lang=<b>", headers={"Accept-Language": "tlh, *;q=0.5"})
    assert page["Content-Language"] == "en"
    assert "language" not in page.cookies


@pytest.mark.django_db
def test_the_api_speaks_english_whatever_the_browser_prefers(client: Client) -> None:
    make_complaint()
    activate_small_model()
    client.get("/dashboard/?lang=es")
    spanish = {"Accept-Language": "es"}
    answer = client.get("/predict/noise-residential", headers=spanish).json()
    assert "such complaints" in answer["sentence"]
    refused = client.get("/api/v1/complaints/?status=lost", headers=spanish)
    assert "expected some of open" in refused.content.decode()
