"""Contender (a): the design of the reference tutorial.

A random forest of 100 trees in a scikit-learn pipeline, called on a one-row DataFrame by a `def`
endpoint of FastAPI.

    python contenders/tutorial.py WORLD     # fits and stores it
"""

import os
import sys
from datetime import datetime
from pathlib import Path

import joblib
import pandas as pd
from fastapi import FastAPI
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder

COLUMNS = ["complaint_type", "latitude", "longitude", "hour", "weekday"]
TREES, ROWS, SEED = 100, 10_000, 311


def fit(rows: pd.DataFrame) -> Pipeline:
    """The forest, on a sample of closed complaints."""
    types = OneHotEncoder(handle_unknown="ignore")
    columns = ColumnTransformer([("type", types, ["complaint_type"])], remainder="passthrough")
    forest = RandomForestRegressor(TREES, random_state=SEED)
    some = rows.sample(min(ROWS, len(rows)), random_state=SEED)
    return Pipeline([("columns", columns), ("forest", forest)]).fit(some[COLUMNS], some["hours"])


def make_app(world: Path) -> FastAPI:
    """The service."""
    app, model = FastAPI(), joblib.load(world / "forest.joblib")

    @app.get("/predict/{complaint_type}")
    def predict(complaint_type: str, latitude: float, longitude: float, created_date: datetime):
        """Hours to close."""
        at = [created_date.hour, created_date.isoweekday()]
        row = pd.DataFrame([[complaint_type, latitude, longitude, *at]], columns=COLUMNS)
        return {"estimated_time": float(model.predict(row)[0])}

    return app


if __name__ == "__main__":
    world = Path(sys.argv[1])
    joblib.dump(fit(pd.read_csv(world / "forest.csv")), world / "forest.joblib")
elif "WORLD" in os.environ:
    app = make_app(Path(os.environ["WORLD"]))
