"""What `/metrics` tells of models."""

import pytest
from django.test import Client

from predictions.models import ModelVersion
from predictions.tests.small_model import activate_small_model, copy_of
from smart311.tests.test_metrics import samples

pytestmark = pytest.mark.django_db


def test_it_names_the_active_version_its_age_and_the_refused_ones(client: Client) -> None:
    first = activate_small_model()
    copy_of(first, "small-2", status="refused")
    found = samples(client)
    assert found["smart311_model_active", "city=nyc,version=small-1"] == 1
    assert found["smart311_model_age_seconds", "city=nyc"] > 0
    assert found["smart311_model_versions", "city=nyc,status=refused"] == 1
    assert found["smart311_model_refused", "city=nyc"] == 0


def test_it_alerts_when_the_active_version_cannot_be_loaded(client: Client) -> None:
    first = activate_small_model()
    copy_of(first, "small-2").activate()
    ModelVersion.objects.filter(version="small-2").update(onnx=b"junk")
    assert samples(client)["smart311_model_refused", "city=nyc"] == 1
