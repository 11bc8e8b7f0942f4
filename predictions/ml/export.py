"""scikit-learn's trees as an ONNX graph that answers one row with a whole curve.

The classifier takes the bin's number as a feature. Asked bin by bin it would need a row per
bin; instead each tree is evaluated in advance for every run of bins it treats alike. What
remains of the tree (about five small ones per tree) adds its leaf to the target of that run,
and one matrix product spreads the targets over the bins:

    features (n, k) → TreeEnsemble (n, runs) → MatMul (n, bins) + bias → log-odds → hazards

A row is answered alone as it is among others, bit for bit: onnxruntime's Softplus takes numbers a
few at a time and gives those that are left over another last digit, so its rows are filled up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from sklearn.ensemble import HistGradientBoostingClassifier

from .features import Matrix
from .runtime import HAZARDS, Session, open_session
from .survival import Floats

# Largest difference between the two implementations' hazards that an export may have.
PARITY_TOLERANCE = 1e-5
FEWEST_PARITY_ROWS = 10_000
OPSETS = (("", 21), ("ai.onnx.ml", 5))
IR_VERSION = 10
BRANCH_LEQ = 0
# A multiple of the numbers that any processor takes at a time.
SOFTPLUS_COLUMNS = 16

Nodes = npt.NDArray[np.void]


@dataclass
class Ensemble:
    """The attributes of a TreeEnsemble node under construction."""

    roots: list[int] = field(default_factory=list)
    features: list[int] = field(default_factory=list)
    splits: list[float] = field(default_factory=list)
    missing_true: list[int] = field(default_factory=list)
    # Per node and branch: the child's number, and whether it is a leaf.
    children: dict[bool, list[int]] = field(default_factory=lambda: {True: [], False: []})
    are_leaves: dict[bool, list[int]] = field(default_factory=lambda: {True: [], False: []})
    leaf_targets: list[int] = field(default_factory=list)
    leaf_weights: list[float] = field(default_factory=list)

    def add_tree(self, tree: Branch, target: int) -> None:
        """Add a tree whose leaves count towards `target`."""
        self.roots.append(self._add_branch(tree, target))

    def _add_branch(self, branch: Branch, target: int) -> int:
        number = len(self.features)
        self.features.append(branch.feature)
        self.splits.append(branch.threshold)
        self.missing_true.append(int(branch.missing_goes_left))
        for side, child in ((True, branch.left), (False, branch.right)):
            # Reserve the place: a child's own nodes come after this one's.
            self.children[side].append(-1)
            self.are_leaves[side].append(int(isinstance(child, float)))
        for side, child in ((True, branch.left), (False, branch.right)):
            self.children[side][number] = self._add_child(child, target)
        return number

    def _add_child(self, child: Branch | float, target: int) -> int:
        if isinstance(child, Branch):
            return self._add_branch(child, target)
        self.leaf_targets.append(target)
        self.leaf_weights.append(child)
        return len(self.leaf_weights) - 1


@dataclass(frozen=True)
class Branch:
    """A split: rows with feature ≤ threshold go left, NaN where it says."""

    feature: int
    threshold: float
    missing_goes_left: bool
    left: Branch | float
    right: Branch | float


def remaining_tree(nodes: Nodes, at: int, bin_feature: int, bin_number: int) -> Branch | float:
    """The tree from node `at` with the bin known: no split on the bin is left."""
    node = nodes[at]
    if node["is_leaf"]:
        return float(node["value"])
    if node["feature_idx"] == bin_feature:
        side = "left" if bin_number <= node["num_threshold"] else "right"
        return remaining_tree(nodes, int(node[side]), bin_feature, bin_number)
    return Branch(
        feature=int(node["feature_idx"]),
        threshold=float32_at_most(float(node["num_threshold"])),
        missing_goes_left=bool(node["missing_go_to_left"]),
        left=remaining_tree(nodes, int(node["left"]), bin_feature, bin_number),
        right=remaining_tree(nodes, int(node["right"]), bin_feature, bin_number),
    )


def float32_at_most(threshold: float) -> float:
    """The largest float32 not above `threshold`.

    Decides `x <= threshold` alike for every float32 x; the nearest float32 may lie above
    the threshold and would then send an x between the two the other way.
    """
    with np.errstate(over="ignore"):
        nearest = np.float32(threshold)
    # As float64: NumPy would round the threshold to float32 for this comparison.
    if float(nearest) > threshold:
        nearest = np.nextafter(nearest, np.float32(-np.inf))
    return float(nearest)


def runs_of_bins(nodes: Nodes, bin_feature: int, bins: int) -> Iterator[tuple[int, int]]:
    """The runs [first, end) of bins between which a tree makes no difference."""
    splits = nodes[(nodes["is_leaf"] == 0) & (nodes["feature_idx"] == bin_feature)]
    starts = {0, *(int(np.floor(split)) + 1 for split in splits["num_threshold"] if split < bins)}
    marks = [*sorted(start for start in starts if start < bins), bins]
    return itertools.pairwise(marks)


def export(classifier: HistGradientBoostingClassifier, bins: int) -> bytes:
    """The ONNX bytes of a classifier whose last feature is the bin's number.

    Input `features` (n, k) float32; outputs `hazards` (n, bins) and `cumulative`
    (n, bins), the cumulative hazard at the end of each bin.
    """
    bin_feature = int(classifier.n_features_in_) - 1
    bias = np.full(bins, float(np.ravel(classifier._baseline_prediction)[0]))
    targets: dict[tuple[int, int], int] = {}
    ensemble = Ensemble()
    for (predictor,) in classifier._predictors:
        for first, end in runs_of_bins(predictor.nodes, bin_feature, bins):
            tree = remaining_tree(predictor.nodes, 0, bin_feature, first)
            if isinstance(tree, Branch):
                ensemble.add_tree(tree, targets.setdefault((first, end), len(targets)))
            else:
                bias[first:end] += tree
    if not targets:
        # TreeEnsemble wants at least one tree; this one says 0 to everything.
        ensemble.add_tree(Branch(0, 0.0, False, 0.0, 0.0), targets.setdefault((0, bins), 0))
    spread = np.zeros((len(targets), bins), np.float32)
    for (first, end), target in targets.items():
        spread[target, first:end] = 1
    return _model_bytes(ensemble, spread, bias, bin_feature)


class ParityError(Exception):
    """The exported graph answers other numbers than the classifier."""


def check_parity(
    onnx_bytes: bytes, classifier: HistGradientBoostingClassifier, features: Matrix
) -> float:
    """The largest difference of hazards over rows (n, k), at least `FEWEST_PARITY_ROWS`.

    Raises ParityError above `PARITY_TOLERANCE`, or on too few rows to tell.
    """
    if len(features) < FEWEST_PARITY_ROWS:
        raise ParityError(f"got {len(features)} rows, expected at least {FEWEST_PARITY_ROWS}")
    ours = run_hazards(open_session(onnx_bytes), features)
    difference = 0.0
    for number in range(ours.shape[1]):
        theirs = classifier.predict_proba(with_bin(features, number))[:, 1]
        difference = max(difference, float(np.abs(ours[:, number] - theirs).max()))
    if not difference <= PARITY_TOLERANCE:
        raise ParityError(
            f"hazards differ by {difference:.1e} from scikit-learn's, at most "
            f"{PARITY_TOLERANCE:.0e} is allowed"
        )
    return difference


def run_hazards(session: Session, features: Matrix) -> Matrix:
    """Hazards (n, bins) of encoded rows (n, k)."""
    hazards: Matrix = session.run([HAZARDS], {"features": features})[0]
    return hazards


def with_bin(features: Matrix, number: int) -> Matrix:
    """The classifier's input for one bin: (n, k) → (n, k + 1)."""
    return np.hstack([features, np.full((len(features), 1), number, np.float32)])


def _model_bytes(ensemble: Ensemble, spread: Matrix, bias: Floats, inputs: int) -> bytes:
    bins = spread.shape[1]
    filling = -bins % SOFTPLUS_COLUMNS
    nodes = [
        _ensemble_node(ensemble, len(spread)),
        helper.make_node("MatMul", ["by_run", "spread"], ["by_bin"]),
        helper.make_node("Add", ["by_bin", "bias"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["filled_hazards"]),
        # −log(1 − sigmoid(x)) = softplus(x): exact where 1 − hazard would round to 0.
        helper.make_node("Softplus", ["log_odds"], ["steps"]),
        helper.make_node("CumSum", ["steps", "axis"], ["filled_cumulative"]),
        *(
            helper.make_node("Slice", [f"filled_{name}", "start", "bins", "axes"], [name])
            for name in ("hazards", "cumulative")
        ),
    ]
    constants: dict[str, npt.NDArray[Any]] = {
        "spread": np.pad(spread, [(0, 0), (0, filling)]),
        "bias": np.pad(bias, (0, filling)).astype(np.float32),
        "axis": np.array(1, np.int64),
        "axes": np.array([1], np.int64),
        "start": np.array([0], np.int64),
        "bins": np.array([bins], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "hazards",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", inputs])],
        [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", bins])
            for name in ("hazards", "cumulative")
        ],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid(domain, version) for domain, version in OPSETS]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    serialized: bytes = model.SerializeToString()
    return serialized


def _ensemble_node(ensemble: Ensemble, targets: int) -> onnx.NodeProto:
    count = len(ensemble.features)
    return helper.make_node(
        "TreeEnsemble",
        ["features"],
        ["by_run"],
        domain="ai.onnx.ml",
        n_targets=targets,
        tree_roots=ensemble.roots,
        nodes_featureids=ensemble.features,
        nodes_modes=_tensor(TensorProto.UINT8, [BRANCH_LEQ] * count),
        nodes_splits=_tensor(TensorProto.FLOAT, ensemble.splits),
        nodes_missing_value_tracks_true=ensemble.missing_true,
        nodes_truenodeids=ensemble.children[True],
        nodes_trueleafs=ensemble.are_leaves[True],
        nodes_falsenodeids=ensemble.children[False],
        nodes_falseleafs=ensemble.are_leaves[False],
        leaf_targetids=ensemble.leaf_targets,
        leaf_weights=_tensor(TensorProto.FLOAT, ensemble.leaf_weights),
    )


def _tensor(kind: int, values: list[int] | list[float]) -> onnx.TensorProto:
    return helper.make_tensor("values", kind, [len(values)], values)
