"""Contender (d): the ONNX session alone, one row and a thousand at a time; prints JSON.

python contenders/model_alone.py WORLD
"""

import json
import sys
import time
from pathlib import Path

import msgspec
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from predictions.ml.features import Query
from predictions.ml.runtime import CUMULATIVE, Forecaster

SECONDS, MANY = 1.5, 1_000


def main(world: Path) -> None:
    """Measure for a while each."""
    forecaster = Forecaster.load(
        (world / "model.onnx").read_bytes(), (world / "header.json").read_bytes()
    )
    asked = json.loads((world / "questions.json").read_text())[:MANY]
    questions = [{**one, "created_at": one["created_date"]} for one in asked]
    rows = np.stack([forecaster.encode(one) for one in msgspec.convert(questions, list[Query])])
    singles = [rows[number : number + 1] for number in range(len(rows))]
    found = {}
    for name, calls in (("one", singles), ("many", [rows])):
        started, cpu, count = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - started < SECONDS:
            for features in calls:
                forecaster._session.run([CUMULATIVE], {"features": features})
            count += len(rows)
        took = time.perf_counter() - started
        found[name] = [count / took, (time.process_time() - cpu) / count * 1e6]
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
