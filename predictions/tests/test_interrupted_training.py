"""Ctrl-C during a training: nothing is stored, and what served goes on serving."""

import _thread
import signal
from collections.abc import Iterator
from datetime import timedelta

import pytest

from complaints.tests.factories import make_city
from predictions.ml import fitting
from predictions.models import ModelVersion
from predictions.serving import serving
from predictions.tests.ml_data import SEEN_UNTIL, complaints
from predictions.tests.small_model import activate_small_model
from predictions.training import train_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _complaints(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("predictions.training.read_complaints", lambda city: complaints(1_500))
    monkeypatch.setattr(fitting, "LOOK_SECONDS", 0.01)


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard() -> Iterator[None]:
    """Ctrl-C interrupts, also where a shell started these tests in the background, deaf to it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def registry() -> list[tuple[str, str]]:
    return list(ModelVersion.objects.order_by("pk").values_list("version", "status"))


@pytest.mark.parametrize("step", ["measuring", "fitting", "exporting", "rehearsing", "evaluating"])
def test_ctrl_c_leaves_the_registry_untouched(step: str) -> None:
    activate_small_model()
    heard: list[str] = []

    def press(text: str, share: float) -> None:
        is_time = text.startswith(step) and not any(one.startswith(step) for one in heard)
        heard.append(text)
        if is_time:
            # What the signal's handler does, also when another thread tells of the progress.
            _thread.interrupt_main()

    with pytest.raises(KeyboardInterrupt):
        train_version(make_city(), SEEN_UNTIL + timedelta(days=1), press)
    assert any(text.startswith(step) for text in heard)
    assert registry() == [("small-1", "active")]
    model = serving.state()["nyc"].model
    assert model is not None
    assert model.version == "small-1"


def test_left_alone_the_same_training_is_stored() -> None:
    activate_small_model()
    version = train_version(make_city(), SEEN_UNTIL + timedelta(days=1), lambda *_: None)
    assert (version.version, version.status) == registry()[-1]
    assert len(registry()) == 2
