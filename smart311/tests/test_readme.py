"""What the README tells people to type works."""

import json
import re
import shlex
import subprocess
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client

from complaints.models import City, Complaint
from complaints.tests.csv_files import OPEN, write_csv
from predictions.tests.small_model import activate_small_model

pytestmark = pytest.mark.django_db

ROOT = Path(settings.BASE_DIR)
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)


def commands(program: str) -> Iterator[list[str]]:
    for block in BLOCKS:
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if program in words:
                yield words[words.index(program) + 1 :]


@pytest.fixture(autouse=True)
def _city() -> None:
    call_command("load_city", ROOT / "fixtures" / "nyc", stdout=StringIO())
    activate_small_model()


def test_there_is_something_to_try() -> None:
    assert len(list(commands("curl"))) == 3


@pytest.mark.parametrize("words", list(commands("curl")), ids=lambda words: words[0])
def test_each_curl_command_succeeds(client: Client, words: list[str]) -> None:
    address = urlsplit(words[0])
    path = f"{address.path}?{address.query}"
    if "-d" in words:
        content = words[words.index("-d") + 1]
        response = client.post(path, json.loads(content), content_type="application/json")
        assert Complaint.objects.count() == 1
    else:
        response = client.get(path)
    assert response.status_code in {200, 201}


def test_the_shown_forecast_has_the_shape_of_a_real_one(client: Client) -> None:
    shown = json.loads(re.findall(r"```json\n(.*?)```", README, re.DOTALL)[0])
    real = client.get("/predict/noise-residential").json()
    assert set(shown) == set(real)
    assert {name: set(shown[name]) for name in ("interval", "closed_within", "model")} == {
        name: set(real[name]) for name in ("interval", "closed_within", "model")
    }


def test_importing_and_loading_a_city_go_as_shown(tmp_path: Path) -> None:
    import_words, train_words, load_words = commands_of_manage()
    assert import_words[1] == "complaints.csv.gz"
    path = write_csv(tmp_path / "complaints.csv.gz", {}, OPEN, compress=True)
    call_command(import_words[0], path, *import_words[2:], stdout=StringIO())
    assert Complaint.objects.filter(source="nyc").count() == 2
    assert train_words == ["train_model", "--as-of", "2019-07-10"]
    (tmp_path / "city").symlink_to(ROOT / "fixtures" / "nyc")
    call_command(load_words[0], tmp_path / "city", stdout=StringIO())
    assert City.objects.count() == 1


def commands_of_manage() -> list[list[str]]:
    found = [
        shlex.split(line.partition("manage.py ")[2])
        for block in BLOCKS
        for line in block.splitlines()
        if "manage.py " in line
    ]
    assert len(found) == 3
    return found


@pytest.mark.parametrize("target", ["run", "test", "help", "load"])
def test_make_knows_each_target_it_names(target: str) -> None:
    assert f"make {target}" in README
    done = subprocess.run(
        ["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
