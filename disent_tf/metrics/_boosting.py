"""Boosted trees on sorted and binned codes: scikit-learn's GradientBoostingClassifier, many times faster.

J. H. Friedman, "Greedy Function Approximation: A Gradient Boosting Machine" (Annals of Statistics 29, 2001), algorithm
6: in each round a regression tree of depth 3 for every class, with one Newton step in each leaf. The trees of all
classes are grown at once, and look for splits as `_boosted_trees` says, which is where they differ.
"""

import math

import numpy as np
import scipy.special
from sklearn.base import BaseEstimator, ClassifierMixin

from disent_tf.metrics import _boosted_trees

_TREES_AT_ONCE = 20  # As many as fit into a processor's cache.


class HistogramBoostingClassifier(ClassifierMixin, BaseEstimator):
    """Boosted trees of depth 3 with unnormalised impurity importances, as GradientBoostingClassifier has them.

    Nothing is random. Codes that tie in a split share its importance, which in scikit-learn goes to one of them by lot.

    Args:
      num_rounds: trees for each class.
      learning_rate: factor on what each tree adds.
      max_bins: bins of equally many points that a code is cut into. More are slower and closer to a search of all
        splits; codes of at most so many values are searched completely.

    Attributes:
      classes_: the labels, sorted.
      feature_importances_: share of each code in the decrease of squared residuals, `[num_codes]`; 0 if there is none.
    """

    def __init__(self, num_rounds: int = 100, learning_rate: float = 0.1, max_bins: int = 256) -> None:
        self.num_rounds, self.learning_rate, self.max_bins = num_rounds, learning_rate, max_bins

    def fit(self, X: np.ndarray, y: np.ndarray) -> "HistogramBoostingClassifier":
        """Fits to codes `[num_points, num_codes]` and labels `[num_points]` of at least two values."""
        self.classes_, labels = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError("y holds one class; boosting needs two or more.")
        self._splits = _boosted_trees.Splits(np.asarray(X, np.float64))
        codes = _boosted_trees.SortedCodes(self._splits.ranks(np.asarray(X, np.float64)), self.max_bins)
        self._prior = _logits(np.bincount(labels) / len(labels))
        targets = (labels == np.arange(len(self.classes_))[:, None])[-len(self._prior) :]
        self._rounds: list[list[tuple[_boosted_trees.Trees, np.ndarray]]] = []
        importances = np.zeros(codes.num_codes)
        logits = np.repeat(self._prior[:, None], len(labels), axis=1)
        for _ in range(self.num_rounds):
            importances += self._add_round(codes, logits, targets)
        self.feature_importances_ = importances / (importances.sum() or 1.0)
        return self

    def predict(self, X: np.ndarray) -> np.ndarray:
        """Returns the most probable label for every row of codes `[num_points, num_codes]`."""
        logits = self._logits(X)
        return self.classes_[np.argmax(logits, axis=0) if len(logits) > 1 else (logits[0] > 0).astype(int)]

    def predict_proba(self, X: np.ndarray) -> np.ndarray:
        """Returns the probability of every label, `[num_points, num_classes]`, for codes `[num_points, num_codes]`."""
        probabilities = _probabilities(self._logits(X))
        return (probabilities if len(probabilities) > 1 else np.concatenate([1 - probabilities, probabilities])).T

    def _add_round(self, codes: _boosted_trees.SortedCodes, logits: np.ndarray, targets: np.ndarray) -> np.ndarray:
        """Grows a tree for each row of logits `[num_trees, num_points]`, adds what it says, returns its importances."""
        probabilities = _probabilities(logits)
        importances, grown = np.zeros(codes.num_codes), []
        for start in range(0, len(logits), _TREES_AT_ONCE):
            rows = slice(start, start + _TREES_AT_ONCE)
            growth = codes.grow(targets[rows] - probabilities[rows])
            values = self._leaf_values(growth.leaves, targets[rows], probabilities[rows])
            logits[rows] += _look_up(values, growth.leaves)
            importances += growth.importances
            grown.append((growth.trees, values))
        self._rounds.append(grown)
        return importances

    def _leaf_values(self, leaves: np.ndarray, targets: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
        """Returns what is added in every leaf, `[num_trees, num_leaves]`: one Newton step, shortened."""
        shape = len(leaves), 2**_boosted_trees.DEPTH
        leaf = _flat(leaves, shape[1]).ravel()
        curvature = np.bincount(leaf, (probabilities * (1 - probabilities)).ravel(), math.prod(shape))
        slope = np.bincount(leaf, (targets - probabilities).ravel(), math.prod(shape))
        step = np.divide(slope, curvature, out=np.zeros_like(slope), where=curvature > 1e-150)
        num_classes = len(self.classes_)
        scale = self.learning_rate * ((num_classes - 1) / num_classes if num_classes > 2 else 1)
        return scale * step.reshape(shape)

    def _logits(self, codes: np.ndarray) -> np.ndarray:
        ranks = self._splits.ranks(np.asarray(codes, np.float64))
        logits = np.repeat(self._prior[:, None], ranks.shape[1], axis=1)
        for grown in self._rounds:
            start = 0
            for trees, values in grown:
                logits[start : start + len(values)] += _look_up(values, _boosted_trees.leaves(trees, ranks))
                start += len(values)
        return logits


def _flat(leaves: np.ndarray, num_leaves: int) -> np.ndarray:
    """Returns the place of leaves `[num_trees, num_points]` in a flat table of all trees."""
    return leaves + num_leaves * np.arange(len(leaves))[:, None]


def _look_up(values: np.ndarray, leaves: np.ndarray) -> np.ndarray:
    """Returns the values `[num_trees, num_leaves]` of leaves `[num_trees, num_points]`."""
    return values.take(_flat(leaves, values.shape[1]))


def _logits(prior: np.ndarray) -> np.ndarray:
    """Returns the logits of class probabilities, a single one of two classes."""
    return np.log(prior) if len(prior) > 2 else np.log(prior[1:] / prior[:1])


def _probabilities(logits: np.ndarray) -> np.ndarray:
    if len(logits) == 1:
        return scipy.special.expit(logits)
    odds = logits - logits.max(axis=0)
    np.exp(odds, out=odds)
    odds /= odds.sum(axis=0)
    return odds
