"""A client generated from the committed schema works, and its types hold."""

import importlib
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from complaints.models import Complaint
from predictions.tests.small_model import activate_small_model

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROOT = Path(settings.BASE_DIR)
PACKAGE = "smart_311_client"
KEY = "typed-client-1"
PROGRAM = '''
"""What a program of somebody else looks like; the types say what may be None."""

from smart_311_client import AuthenticatedClient
from smart_311_client.api.complaints import complaints_create
from smart_311_client.models import Filed, Filing, Problem


def file(address: str, key: str) -> str:
    with AuthenticatedClient(base_url=address, token=key, prefix="Bearer") as client:
        answer = complaints_create.sync(
            client=client,
            body=Filing(complaint_type="noise-residential", latitude=40.75, longitude=-73.85),
        )
    if isinstance(answer, Problem):
        raise ValueError(answer.detail)
    assert isinstance(answer, Filed)
    return answer.id if answer.forecast is None else f"{answer.id} {answer.forecast.median_hours}"
'''


def run(*command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    # The generator formats what it wrote with the ruff that is beside this Python.
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the client was generated; it can be imported while the tests run."""
    home = tmp_path_factory.mktemp("client")
    done = run(
        "openapi_python_client", "generate", "--path", str(ROOT / "docs" / "openapi.yaml"),
        "--output-path", "made", "--fail-on-warning",
        folder=home,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    sys.path.insert(0, str(home / "made"))
    yield home / "made"
    sys.path.remove(str(home / "made"))
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.fixture(autouse=True)
def _city() -> None:
    call_command("load_city", ROOT / "fixtures" / "nyc", stdout=StringIO())
    activate_small_model()


def api(name: str, group: str = "complaints") -> Any:
    return importlib.import_module(f"{PACKAGE}.api.{group}.{name}")


@pytest.fixture
def models(folder: Path) -> Any:
    return importlib.import_module(f"{PACKAGE}.models")


@pytest.fixture
def client(folder: Path, live_server: LiveServer) -> Iterator[Any]:
    with importlib.import_module(PACKAGE).Client(base_url=live_server.url) as client:
        yield client


def file(client: Any, models: Any, **changes: Any) -> Any:
    given = {
        "complaint_type": "noise-residential",
        "latitude": 40.75,
        "longitude": -73.85,
        "reporter": models.Contact(email="jane@example.org"),
    }
    body = models.Filing(**given | changes)
    return api("complaints_create").sync(client=client, body=body, idempotency_key=KEY)


def test_it_files_a_complaint_and_reads_it(client: Any, models: Any) -> None:
    filed = file(client, models, description="Drums")
    assert isinstance(filed, models.Filed)
    assert filed.description == "Drums"
    assert filed.forecast.median_hours > 0
    read = api("complaints_retrieve").sync(filed.id, client=client)
    assert read.id == filed.id == Complaint.objects.get().public_id
    assert read.status is models.ComplaintStatus.OPEN
    assert read.created_at == filed.created_at
    assert read.district is None
    again = file(client, models, description="Drums")
    assert again.id == filed.id


def test_it_lists_with_filters_and_follows_a_complaint(client: Any, models: Any) -> None:
    filed = file(client, models)
    listing = api("complaints_list")
    page = listing.sync(client=client, status="open", bbox="-74,40.7,-73.8,40.8", page_size=5)
    assert [row.id for row in page.results] == [filed.id]
    assert page.next_ is None
    assert listing.sync(client=client, status="closed").results == []
    history = api("complaints_events").sync(filed.id, client=client)
    assert [event.kind for event in history.results] == [models.EventKind.OPENED]
    forecast = api("complaints_forecast").sync(filed.id, client=client)
    assert forecast.forecast.closed_within["24"] > 0
    agency = api("agencies_retrieve", "agencies").sync("NYPD", client=client)
    assert agency.name == "New York City Police Department"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [({"latitude": 91}, "/latitude"), ({"complaint_type": "nois"}, "/complaint_type")],
)
def test_an_error_is_typed(client: Any, models: Any, changes: Any, pointer: str) -> None:
    problem = file(client, models, **changes)
    assert isinstance(problem, models.Problem)
    assert problem.status == 400
    assert [error.pointer for error in problem.errors] == [pointer]
    missing = api("complaints_retrieve").sync("0" * 20, client=client)
    assert (missing.status, missing.title) == (404, "Not Found")
    refused = api("complaints_close").sync("0" * 20, client=client, body=models.Close())
    assert isinstance(refused, models.Problem)
    assert not Complaint.objects.exists()


def test_its_types_pass_a_type_checker(folder: Path) -> None:
    (folder / "program.py").write_text(PROGRAM)
    done = run("mypy", "--strict", "--config-file=", PACKAGE, "program.py", folder=folder)
    assert done.returncode == 0, done.stdout


def test_a_program_that_forgets_null_does_not_pass(folder: Path) -> None:
    careless = PROGRAM.replace("if answer.forecast is None else", 'if answer.id == "" else')
    (folder / "careless.py").write_text(careless)
    done = run("mypy", "--strict", "--config-file=", "careless.py", folder=folder)
    assert done.returncode == 1
    assert 'Item "None" of "Promise | None" has no attribute' in done.stdout
