"""What docs/api.md tells people to type works, in its order, against a live server."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from pytest_django.live_server_helper import LiveServer

from complaints.models import Complaint, Reporter
from complaints.tests.factories import make_complaint
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(settings.BASE_DIR)
DOCUMENT = (ROOT / "docs" / "api.md").read_text()
SHOWN_SERVER = "http://127.0.0.1:8000"
SHOWN_KEY = "s311_…"
MANAGE = ".venv/bin/python manage.py "


def blocks(language: str) -> str:
    """All blocks of a language as one program, as a reader would type them one after another."""
    return "\n".join(re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL))


@pytest.fixture(autouse=True)
def _city() -> None:
    call_command("load_city", ROOT / "fixtures" / "nyc", stdout=StringIO())
    activate_small_model()
    for number in range(3):
        make_complaint(descriptor=f"Example {number}")


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_every_block_is_of_a_kind_that_is_tried() -> None:
    fences = re.findall(r"^```(\w*)$", DOCUMENT, re.MULTILINE)
    assert set(fences[::2]) <= {"sh", "python", "json"}
    assert set(fences[1::2]) == {""}
    assert len(fences) // 2 >= 12


def test_the_python_program_runs(tmp_path: Path, live_server: LiveServer) -> None:
    program = tmp_path / "program.py"
    program.write_text(blocks("python").replace(SHOWN_SERVER, live_server.url))
    printed = run(tmp_path, sys.executable, "-W", "error", str(program))
    filed = Complaint.objects.filter(observed_at=None, descriptor="").order_by("pk")
    kinds = ["noise-residential", "rodent", "rodent", "rodent"]
    assert list(filed.values_list("complaint_type__code", flat=True)) == kinds
    assert printed.startswith(filed[0].public_id)


def made_key(line: str) -> str:
    """What a management command of the document prints: the key that it made."""
    out = StringIO()
    call_command(*shlex.split(line.removeprefix(MANAGE)), stdout=out)
    (key,) = re.findall(r"s311_[0-9a-f]{64}", out.getvalue())
    return str(key)


def test_the_commands_of_open311_run(tmp_path: Path, live_server: LiveServer) -> None:
    key = made_key(f"{MANAGE}create_api_key --user app --create-user --name app --expires-in 1d")
    text = (ROOT / "docs" / "open311.md").read_text()
    script = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL))
    script = script.replace(SHOWN_SERVER, live_server.url).replace(SHOWN_KEY, key)
    printed = run(tmp_path, "sh", "-eu", "-c", script)
    complaint = Complaint.objects.get(description="Drums since 11 pm.")
    assert printed.count(complaint.public_id) >= 4
    assert "Half of such reports are closed by" in printed
    assert (tmp_path / "requests.rss").read_text().count("<item>") == 0
    assert complaint.public_id in (tmp_path / "requests.geojson").read_text()
    assert complaint.public_id in (tmp_path / "requests.csv").read_text()
    assert complaint.events.filter(text="It goes on.").exists()


def test_the_shell_commands_run(tmp_path: Path, live_server: LiveServer) -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CI"):
            pytest.fail("curl is not installed")
        pytest.skip("curl is not installed")
    lines = blocks("sh").splitlines()
    (command,) = (line for line in lines if line.startswith(MANAGE))
    script = "\n".join(line for line in lines if line != command)
    script = script.replace(SHOWN_SERVER, live_server.url).replace(SHOWN_KEY, made_key(command))
    printed = run(tmp_path, "sh", "-eu", "-c", script)
    complaint = Complaint.objects.get(description="Drums since 11 pm.")
    assert Reporter.objects.get().complaint == complaint
    assert printed.count(complaint.public_id) >= 4
    assert '"crm"' in printed
    header, *rows = (tmp_path / "complaints.csv").read_text().splitlines()
    assert header.startswith("id,city,complaint_type")
    assert len(rows) == 1
    collection = json.loads((tmp_path / "complaints.geojson").read_text())
    assert [feature["id"] for feature in collection["features"]] == [complaint.public_id]
    shown, answered = json.loads(blocks("json")), json.loads((tmp_path / "filed.json").read_text())
    assert set(shown) <= set(answered)
    assert set(shown["forecast"]) == set(answered["forecast"])
    for name in ("complaint_type", "status", "description", "possible_duplicates"):
        assert shown[name] == answered[name]
