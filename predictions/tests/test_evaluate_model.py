"""`manage.py evaluate_model`: errors beside the simple forecasts, for any city in the database."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from complaints.models import Agency, City, Complaint, ComplaintType, District
from complaints.tests.factories import make_city
from predictions.ml.card import BEGIN, END
from predictions.models import ModelVersion
from predictions.tests.ml_data import AS_OF, complaints

pytestmark = pytest.mark.django_db

MODELS = [
    "forecast", "kaplan_meier", "kaplan_meier_recent", "type_median", "global_median",
    "forest_closed_rows", "promise",
]  # fmt: skip
UNTIL = AS_OF + timedelta(days=4)


def file_complaints(city: City, rows: int = 1_500) -> None:
    """A month of synthetic complaints, as their source saw them at its end."""
    frame = complaints(rows)
    agencies, kinds, districts = {}, {}, {}
    for code in sorted(set(frame["agency"])):
        agencies[code] = Agency.objects.create(city=city, code=code, name=code)
    for kind, agency in sorted(set(frame.select("complaint_type", "agency").iter_rows())):
        promised = {"noise": 8.0}.get(kind)
        kinds[kind] = ComplaintType.objects.create(
            city=city, code=kind, name=kind, agency=agencies[agency], promised_hours=promised
        )
    for code in sorted(set(frame["district"])):
        districts[code] = District.objects.create(city=city, code=code, name=code)
    Complaint.objects.bulk_create(
        Complaint(
            city=city,
            complaint_type=kinds[row["complaint_type"]],
            agency=agencies[row["agency"]],
            district=districts[row["district"]],
            descriptor=row["descriptor"],
            created_at=row["created_at"],
            closed_at=row["closed_at"],
            status="closed" if row["closed_at"] else "open",
            observed_at=row["observed_at"],
        )
        for row in frame.iter_rows(named=True)
    )


def evaluate(**options: Any) -> str:
    out = StringIO()
    given = {"as_of": AS_OF.isoformat(), "test_until": UNTIL.isoformat(), "restrict": 72.0}
    call_command("evaluate_model", stdout=out, **(given | options))
    return out.getvalue()


def test_every_model_is_measured_on_the_complaints_filed_after_the_moment(tmp_path: Path) -> None:
    file_complaints(make_city("gotham", jurisdiction_id="gotham.example"))
    printed = evaluate(city="gotham", json=tmp_path / "errors.json")
    result = json.loads((tmp_path / "errors.json").read_text())
    assert {key: result[key] for key in ("as_of", "test_from", "test_until", "restrict_hours")} == {
        "as_of": "2026-03-30T05:00:00+00:00",
        "test_from": "2026-03-30T05:00:00+00:00",
        "test_until": "2026-04-03T05:00:00+00:00",
        "restrict_hours": 72.0,
    }
    assert list(result["models"]) == MODELS
    assert result["rows"] == Complaint.objects.filter(created_at__range=(AS_OF, UNTIL)).count()
    ours = result["models"]["forecast"]
    assert set(ours) == {"overall", "by_agency", "by_type"}
    assert set(ours["by_agency"]) == {"POLICE", "HOUSING"}
    assert {
        "mae_hours", "median_ae_hours", "mae_log", "brier_24", "brier_72", "pinball_10",
        "pinball_50", "pinball_90", "coverage_80", "width_80_hours", "coverage_90",
        "width_90_hours", "concordance", "calibration_24",
    } <= set(ours["overall"])  # fmt: skip
    assert sum(one["rows"] for one in ours["overall"]["calibration_24"]) == result["rows"]
    assert all(name in printed for name in MODELS)
    assert not ModelVersion.objects.exists()


def test_the_promise_is_measured_where_there_is_one(tmp_path: Path) -> None:
    file_complaints(make_city())
    evaluate(json=tmp_path / "errors.json")
    models = json.loads((tmp_path / "errors.json").read_text())["models"]
    noise = Complaint.objects.filter(
        complaint_type__code="noise", created_at__range=(AS_OF, UNTIL)
    ).count()
    assert models["promise"]["overall"]["rows"] == noise
    assert "brier_24" not in models["promise"]["overall"]
    # Eight hours are promised where two are the median.
    medians = models["type_median"]["by_type"]["noise"]
    assert models["promise"]["overall"]["mae_hours"] > 1.5 * medians["mae_hours"]


def test_folds_go_back_by_the_length_of_the_test(tmp_path: Path) -> None:
    file_complaints(make_city())
    evaluate(folds=2, json=tmp_path / "errors.json", card=tmp_path / "card.md")
    result = json.loads((tmp_path / "errors.json").read_text())
    early, late = result["folds"]
    assert early["test_until"] == late["as_of"] == result["as_of"]
    assert early["as_of"] == "2026-03-26T05:00:00+00:00"
    assert result["rows"] == early["rows"] + late["rows"]
    errors = [one["models"]["forecast"]["overall"]["mae_hours"] for one in (early, late)]
    pooled = result["models"]["forecast"]["overall"]["mae_hours"]
    weighted = (errors[0] * early["rows"] + errors[1] * late["rows"]) / result["rows"]
    assert pooled == pytest.approx(weighted, abs=1e-4)
    bins = result["models"]["forecast"]["overall"]["calibration_24"]
    assert sum(one["rows"] for one in bins) == result["rows"]
    _check_card(tmp_path / "card.md")


def _check_card(card: Path) -> None:
    text = card.read_text()
    assert "| forecast |" in text
    assert "--folds 2`" in text
    plots = re.findall(r"\]\((card/[a-z-]+\.png)\)", text)
    assert len(plots) == 3
    for plot in plots:
        assert (card.parent / plot).read_bytes().startswith(b"\x89PNG")


def test_the_card_keeps_what_people_wrote(tmp_path: Path) -> None:
    card = tmp_path / "card.md"
    card.write_text(f"# Ours\n\nbefore\n\n{BEGIN}\nold\n{END}\n\nafter\n")
    file_complaints(make_city())
    evaluate(card=card)
    text = card.read_text()
    assert text.startswith("# Ours\n\nbefore\n")
    assert text.endswith("\n\nafter\n")
    assert "old" not in text
    assert text.count(BEGIN) == text.count(END) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"as_of": "soon"}, "--as-of: got 'soon'"),
        ({"test_until": "2026-03-30"}, "--test-until: got .*, expected a time after"),
        ({"restrict": 0.5}, "--restrict: got 0.5 hours, expected 1 to 1440"),
        ({"folds": 0}, "--folds: got 0, expected 1 to 50"),
        ({"json": Path("/nowhere/errors.json")}, "--json: there is no folder /nowhere"),
        ({"city": "atlantis"}, "no city 'atlantis'"),
        ({}, "0 complaints before"),
    ],
)
def test_bad_options_are_named_before_anything_is_trained(
    options: dict[str, Any], message: str
) -> None:
    make_city()
    with pytest.raises(CommandError, match=message):
        evaluate(**options)
