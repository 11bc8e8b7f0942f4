"""A real model, small enough to be trained within a test run."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import msgspec
import numpy as np
import onnx
import polars as pl
from onnx import helper, numpy_helper
from threadpoolctl import threadpool_limits

from complaints.tests.factories import NOON, make_city
from predictions.ml.features import encode_query
from predictions.ml.header import Probe, as_json, read_header, sha256_of
from predictions.ml.labels import COLUMNS
from predictions.ml.runtime import CUMULATIVE, Forecaster, open_session
from predictions.ml.training import TrainedModel, train
from predictions.models import ModelVersion

ROWS = 1_500
TYPICAL_HOURS = {"noise-residential": 3.0, "rodent": 150.0, "lost-cause": 50_000.0}
DAYS = 800
AS_OF = NOON + timedelta(days=DAYS + 30)


@cache
def train_small_model() -> TrainedModel:
    """Three types: closed within hours, within weeks, and hardly ever."""
    generator = np.random.default_rng(311)
    kinds = generator.choice(list(TYPICAL_HOURS), ROWS)
    hours = generator.exponential([TYPICAL_HOURS[kind] for kind in kinds]) + 0.1
    days = generator.uniform(0, DAYS, ROWS)
    created = [NOON + timedelta(days=day) for day in days]
    closed = [at + timedelta(hours=hour) for at, hour in zip(created, hours, strict=True)]
    texts = {"agency": "NYPD", "descriptor": "", "channel": "phone", "location_type": ""}
    frame = pl.DataFrame(
        {
            "complaint_type": kinds,
            **{name: [text or None] * ROWS for name, text in texts.items()},
            "district": ["queens-07"] * ROWS,
            "area": ["queens"] * ROWS,
            "latitude": generator.uniform(40.6, 40.8, ROWS),
            "longitude": generator.uniform(-74.0, -73.8, ROWS),
            "created_at": created,
            "closed_at": [at if at <= AS_OF else None for at in closed],
            "observed_at": [None] * ROWS,
        },
        schema_overrides={
            **dict.fromkeys(("descriptor", "location_type"), pl.String),
            **dict.fromkeys(("created_at", "closed_at", "observed_at"), pl.Datetime("us", "UTC")),
        },
    ).sort("created_at")
    # Threads that wait for one another spin: on a busy machine one thread is five times faster.
    with threadpool_limits(1):
        return train(
            frame.select(COLUMNS),
            as_of=AS_OF,
            time_zone="America/New_York",
            holidays=[],
            half_life_days=DAYS,
        )


def activate_small_model() -> ModelVersion:
    """Let it serve New York."""
    trained = train_small_model()
    version = ModelVersion.objects.create(
        city=make_city(),
        version="small-1",
        as_of=AS_OF,
        onnx=trained.onnx,
        sha256=str(trained.header["sha256"]),
        header=trained.header,
    )
    version.activate()
    return version


def copy_of(version: ModelVersion, name: str, **changes: Any) -> ModelVersion:
    """The same model under another name; `changes` are fields."""
    fields = {
        "city": version.city,
        "version": name,
        "as_of": version.as_of,
        "onnx": bytes(version.onnx),
        "sha256": version.sha256,
        "header": version.header,
    }
    return ModelVersion.objects.create(**fields | changes)


def with_bias(bytes_: bytes, header: dict[str, Any], add: float) -> dict[str, Any]:
    """Fields of a model whose log-odds are all moved by `add`, hashes in order."""
    graph = onnx.load_from_string(bytes_)
    bias = next(i for i in graph.graph.initializer if i.name == "bias")
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(add), "bias"))
    changed = graph.SerializeToString()
    fingerprint = sha256_of(changed)
    return {"onnx": changed, "sha256": fingerprint, "header": header | {"sha256": fingerprint}}


def giving_nan(bytes_: bytes, header: dict[str, Any]) -> dict[str, Any]:
    """Fields of a model that answers NaN to everything."""
    return with_bias(bytes_, header, float("nan"))


def older(trained: TrainedModel, features: list[str]) -> TrainedModel:
    """The same model as if it had been trained on some of the features, in this order."""
    graph = onnx.load_from_string(trained.onnx)
    nodes, names = graph.graph.node, read_header(trained.header).features
    # A column of NaN behind the given ones stands for those that are not given.
    places = [features.index(name) if name in features else len(features) for name in names]
    constants = {
        "gap": np.array(np.nan, np.float32),
        "pads": np.array([0, 0, 0, 1]),
        "places": np.array(places),
    }
    graph.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items()
    )
    next(node for node in nodes if node.op_type == "TreeEnsemble").input[0] = "all"
    nodes.insert(0, helper.make_node("Pad", ["features", "pads", "gap"], ["padded"]))
    nodes.insert(1, helper.make_node("Gather", ["padded", "places"], ["all"], axis=1))
    graph.graph.input[0].type.tensor_type.shape.dim[1].dim_value = len(features)
    changed = graph.SerializeToString()
    header = read_header(trained.header | {"features": features, "sha256": sha256_of(changed)})
    answer = Forecaster(open_session(changed), header).curve(header.probe.query).cumulative
    header = msgspec.structs.replace(header, probe=Probe(header.probe.query, list(answer)))
    return TrainedModel(changed, as_json(header))


def slower(version: ModelVersion, name: str) -> ModelVersion:
    """A sound model with other answers."""
    fields = with_bias(bytes(version.onnx), version.header, -0.5)
    bare = {key: value for key, value in fields["header"].items() if not key.startswith("canned")}
    header = read_header(bare)
    row = encode_query(header.probe.query, header.encoding)[None, :]
    answer = open_session(fields["onnx"]).run([CUMULATIVE], {"features": row})[0][0]
    probe = Probe(header.probe.query, [0.0, *(float(value) for value in answer)])
    sound = msgspec.structs.replace(header, probe=probe)
    return copy_of(version, name, **fields | {"header": as_json(sound)})
