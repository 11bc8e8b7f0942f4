"""Whatever an admin page loads is among the files that are collected."""

import re
from fnmatch import fnmatch
from pathlib import PurePath

import pytest
from django.contrib.auth.models import User
from django.contrib.staticfiles import finders
from django.test import Client

from smart311.apps import ServedFilesConfig

pytestmark = pytest.mark.django_db
FILE = re.compile(r'(?:src|href)="/static/([^"?#]+)')
PAGES = ("login/", "", "complaints/complaint/", "complaints/import/add/", "auth/user/add/")


def is_collected(path: str) -> bool:
    """Whether it exists, and no pattern leaves it out."""
    names = (*PurePath(path).parts, path)
    patterns = ServedFilesConfig.ignore_patterns
    left_out = any(fnmatch(name, pattern) for name in names for pattern in patterns)
    return not left_out and finders.find(path) is not None


def test_an_admin_page_loads_only_files_that_are_collected() -> None:
    client, anybody = Client(), Client()
    client.force_login(User.objects.create_superuser("root"))
    loaded: set[str] = set()
    for page in PAGES:
        response = (anybody if page == "login/" else client).get(f"/admin/{page}")
        assert response.status_code == 200
        loaded |= set(FILE.findall(response.content.decode()))
    assert len(loaded) > 20
    assert sorted(path for path in loaded if not is_collected(path)) == []


def test_a_file_that_is_left_out_would_be_noticed() -> None:
    assert not is_collected("echarts/echarts.js")
    assert not is_collected("unfold/nowhere.js")
