"""The variables that the project reads, and what it makes of odd ones."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
READ = re.compile(r'(?:env\.\w+|environ(?:\.get|\.setdefault)?|_limit)\s*[\[(]\s*"([A-Z_]+)"')
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "OMP_WAIT_POLICY"}


def load_settings(**environment: str) -> subprocess.CompletedProcess[str]:
    code = "from django.conf import settings; print(settings.DATABASES['default']['ENGINE'])"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "smart311.settings", "PATH": "", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_lists_every_variable_and_no_other() -> None:
    read = {
        name
        for app in ("smart311", "complaints", "predictions", "dashboard", "locust")
        for path in (ROOT / app).rglob("*.py")
        if "tests" not in path.parts
        for name in READ.findall(path.read_text())
    }
    listed = re.findall(r"^# ([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert set(listed) == read - NOT_OURS
    assert len(listed) == len(set(listed))


def test_without_variables_the_embedded_database_serves(tmp_path: Path) -> None:
    done = load_settings(VAR_FOLDER=str(tmp_path))
    assert done.stdout.strip() == "smart311.embedded_postgres"
    key = tmp_path / "secret_key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_text()) > 50


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DATABASE_URL": "postgres://a@localhost/b"}, "SECRET_KEY is not set"),
        ({"DATABASE_URL": "mysql://a@localhost/b", "SECRET_KEY": "x"}, "postgres://"),
        ({"DEBUG": "perhaps", "SECRET_KEY": "x"}, "DEBUG"),
        ({"LOG_LEVEL": "LOUD", "SECRET_KEY": "x"}, "LOG_LEVEL"),
        ({"LIMIT_KEY_FILING": "0", "SECRET_KEY": "x"}, "LIMIT_KEY_FILING"),
        ({"LIMIT_FAILED_KEYS": "few", "SECRET_KEY": "x"}, "LIMIT_FAILED_KEYS"),
        ({"TRUSTED_PROXIES": "one", "SECRET_KEY": "x"}, "TRUSTED_PROXIES"),
        ({"FORECAST_REFRESH_SECONDS": "soon", "SECRET_KEY": "x"}, "FORECAST_REFRESH_SECONDS"),
    ],
)
def test_an_odd_value_stops_the_start_and_names_itself(
    environment: dict[str, str], named: str
) -> None:
    done = load_settings(**environment)
    assert done.returncode != 0
    assert named in done.stderr.splitlines()[-1]


def test_psycopg_3_is_not_importable() -> None:
    """Django would silently take it instead of psycopg2."""
    with pytest.raises(ImportError):
        __import__("psycopg")
