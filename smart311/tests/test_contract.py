"""The running service keeps to the committed schema, whatever is sent: schemathesis tries it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from smart311.tests.deployment import Deployment
from smart311.tests.embedded_workshop import PROJECT

pytestmark = pytest.mark.slow

FEWEST_CASES = 2_000
EXAMPLES_AN_OPERATION = 30


def schemathesis(deployment: Deployment, folder: Path, *options: str) -> str:
    """What it says; fails where a check did."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", str(PROJECT / "schemathesis.toml")),
            *("run", str(PROJECT / "docs" / "openapi.yaml"), "--url", deployment.web),
            # One worker: in threads Python 3.11 loses count of how deep ast.parse is.
            *("--checks", "all", "--workers", "1", "--continue-on-failure", "--no-color"),
            *("--seed", "311", "--suppress-health-check", "all", *options),
        ],
        cwd=folder,
        env=deployment.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2000:]
    return done.stdout


def cases(said: str) -> int:
    found = re.search(r"(\d+) generated", said)
    assert found, said[-2000:]
    return int(found[1])


def test_every_answer_is_one_of_the_schema(deployment: Deployment, tmp_path: Path) -> None:
    deployment.file_one()
    said = schemathesis(
        deployment,
        tmp_path,
        "--phases",
        "examples,coverage,fuzzing",
        "-n",
        str(EXAMPLES_AN_OPERATION),
    )
    assert cases(said) >= FEWEST_CASES
    assert " 500 " not in deployment.log.read_text()


def test_managers_get_the_answers_of_the_schema_too(deployment: Deployment, tmp_path: Path) -> None:
    key = deployment.make_key("manager")
    said = schemathesis(
        deployment, tmp_path, "--phases", "examples,coverage", "-H", f"Authorization: Bearer {key}"
    )
    assert cases(said) >= FEWEST_CASES / 4
