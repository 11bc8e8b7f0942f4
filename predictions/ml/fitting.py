"""Fitting the classifier: closed in this bin, given still open?"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from .training_rows import TrainingRows

# Each tree costs time in every forecast, so these are few, at scikit-learn's own rate.
MOST_TREES = 150
LEAVES = 31
LEARNING_RATE = 0.1
# Fitting stops when complaints held out gain nothing for this many trees.
PATIENCE_TREES = 15
# Complaints of one hour and place share their fate (a precinct closes them together), and rows of
# one complaint come in dozens: small leaves learn such hours by heart. On New York's data 400
# instead of 50 gained 0.8 % in MAE and 1.3 % in Brier 72.
MOST_ROWS_IN_LEAF = 400
FEWEST_ROWS_IN_LEAF = 50
# With fewer rows a leaf has to hold at least this part of them.
ROWS_PER_LEAF_ROW = 200
# Share of the features that each split may choose from. On 6,000 complaints of a known law (median
# 400 h) medians of five seeds came out at 345–487 h with 0.3, at 346–549 h with all.
FEATURES_PER_SPLIT = 0.5
FEWEST_ROWS_FOR_THREADS = 200_000
LOOK_SECONDS = 0.5


def fit(
    data: TrainingRows, seed: int, tell: Callable[[float], None]
) -> HistGradientBoostingClassifier:
    """The classifier fitted to person-period rows until the held-out ones gain no more.

    `tell` hears, from another thread, which share of the trees has grown at most.
    """
    learn, check = data.learn, data.check
    smallest = len(learn.rows) // ROWS_PER_LEAF_ROW
    classifier = HistGradientBoostingClassifier(
        max_iter=MOST_TREES,
        learning_rate=LEARNING_RATE,
        max_leaf_nodes=LEAVES,
        min_samples_leaf=min(max(smallest, FEWEST_ROWS_IN_LEAF), MOST_ROWS_IN_LEAF),
        max_features=FEATURES_PER_SPLIT,
        early_stopping=True,
        scoring="loss",
        n_iter_no_change=PATIENCE_TREES,
        random_state=seed,
    )
    # Two threads wait for each other longer than they work on few rows, above all on busy cores.
    threads = 1 if len(learn.rows) < FEWEST_ROWS_FOR_THREADS else None
    with threadpool_limits(threads, user_api="openmp"), _watched(classifier, tell):
        return classifier.fit(
            learn.rows,
            learn.closed,
            # Weights of mean 1 keep the meaning of scikit-learn's regularising defaults.
            sample_weight=learn.weights / learn.weights.mean(),
            X_val=check.rows,
            y_val=check.closed,
            sample_weight_val=check.weights,
        )


@contextmanager
def _watched(
    classifier: HistGradientBoostingClassifier, tell: Callable[[float], None]
) -> Iterator[None]:
    """Look on from a thread of its own: scikit-learn tells nobody, but keeps a list of scores."""
    is_done = threading.Event()

    def look() -> None:
        tell(0.0)
        while not is_done.wait(LOOK_SECONDS):
            tell(len(getattr(classifier, "validation_score_", ())) / (MOST_TREES + 1))

    watcher = threading.Thread(target=look, name="fit-progress", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        is_done.set()
        watcher.join()
