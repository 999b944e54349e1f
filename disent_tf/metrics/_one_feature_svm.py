"""Linear support vector machines on one feature, solved exactly: what SAP fits for every code and factor.

The loss is that of scikit-learn's `LinearSVC(C=C, class_weight="balanced")`, each class against the others:
`(w^2 + b^2) / 2 + sum_i c_i max(0, 1 - y_i (w x_i + b))^2`. On one feature the points that have a loss lie on one side
of a threshold. With points sorted once, each sum over them is a difference of running sums, and a step of Newton's
method costs a binary search, however many points there are.
"""

from typing import NamedTuple

import numpy as np

_MAX_STEPS = 200  # Fewer than 10 are usual: the loss is quadratic in pieces, and a step solves a piece exactly.
_NEGLIGIBLE = 1e-14  # What a step promises, as a share of the loss, when it is not worth taking.


class Lines(NamedTuple):
    """The margins `slope * x + intercept` of the classes, `[num_classes]` each."""

    slopes: np.ndarray
    intercepts: np.ndarray


def fit(x: np.ndarray, classes: np.ndarray, C: float) -> Lines:
    """Fits a machine for each class against the others; of two classes there is one machine, for the second.

    Args:
      x: the feature, ascending, `[num_points]`.
      classes: of the same points: 0 to `num_classes - 1`, at least two, none of them without a point.
      C: weight of the losses. Points of a class weigh `C num_points / (num_classes * points of the class)`, those of
        the others C; of two classes both are weighted like the first.
    """
    counts = np.bincount(classes)
    balanced = C * len(x) / (len(counts) * counts)
    if len(counts) > 2:
        return _minimize(_Losses(x, classes, np.arange(len(counts)), balanced, np.full(len(counts), C)))
    second = _minimize(_Losses(x, classes, np.array([1]), balanced[1:], balanced[:1]))
    return Lines(*(np.append(-part, part) for part in second))


def predict(lines: Lines, x: np.ndarray) -> np.ndarray:
    """Returns the class with the greatest margin, the first of equal ones, int `[num_points]`, for x `[num_points]`."""
    return np.argmax(lines.slopes * x[:, None] + lines.intercepts, axis=1)


class _Step(NamedTuple):
    """The losses at some lines, and Newton's step from there; each `[num_lines]`."""

    loss: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    promise: np.ndarray  # Twice by how much the step would lower a quadratic loss.


class _Losses:
    """The losses of lines, one for each of some classes, in x measured from its mean.

    Far from 0, running sums of squares would be all rounding.
    """

    def __init__(
        self, x: np.ndarray, classes: np.ndarray, chosen: np.ndarray, weight: np.ndarray, weight_of_others: np.ndarray
    ) -> None:
        self.num_lines, self.center = len(chosen), x.mean()
        self._x, self._weight, self._weight_of_others = x - self.center, weight, weight_of_others
        by_class = np.argsort(classes, kind="stable")
        # A point is named by its class and its place: these names ascend, so that one search serves every class.
        self._names = classes[by_class].astype(np.int64) * len(x) + by_class
        self._first_names = chosen * len(x)
        self._of_all, self._of_classes = _running_sums(self._x), _running_sums(self._x[by_class])
        self._none = self._up_to(np.zeros_like(chosen))
        self._total = self._up_to(np.full_like(chosen, len(x))) - self._none

    def at(self, slope: np.ndarray, intercept: np.ndarray) -> _Step:
        """Returns losses and steps at lines; the points that have a loss are on one side of where the margin is 1."""
        slope = slope + 0.0  # No -0, whose thresholds would be on the wrong side.
        with np.errstate(divide="ignore", invalid="ignore"):  # Of a level line all points or none: plus minus infinity.
            own, _ = self._below((1 - intercept) / slope)
            of_class, of_all = self._below((-1 - intercept) / slope)
        own = np.where(slope >= 0, own, self._total[0] - own)
        others, all_others = of_all - of_class, self._total[1] - self._total[0]
        others = np.where(slope >= 0, all_others - others, others)
        both, signed = (self._weight * own + sign * self._weight_of_others * others for sign in (1, -1))
        return self._step(slope, intercept, both, signed)

    def _step(self, slope: np.ndarray, intercept: np.ndarray, both: np.ndarray, signed: np.ndarray) -> _Step:
        """From the weighted sums `[3, num_lines]` over points that have a loss, without and with their sign y."""
        xx, x1, ones = (
            1 + self.center**2 + 2 * both[2],
            -self.center + 2 * both[1],
            1 + 2 * both[0],
        )  # Second derivatives.
        determinant = xx * ones - x1 * x1
        to_slope = 2 * (ones * signed[1] - x1 * signed[0]) / determinant - slope
        to_intercept = 2 * (xx * signed[0] - x1 * signed[1]) / determinant - intercept
        quadratic = xx * slope**2 + 2 * x1 * slope * intercept + ones * intercept**2
        loss = quadratic / 2 - 2 * (slope * signed[1] + intercept * signed[0]) + both[0]
        promise = xx * to_slope**2 + 2 * x1 * to_slope * to_intercept + ones * to_intercept**2
        return _Step(loss, to_slope, to_intercept, promise)

    def _below(self, thresholds: np.ndarray) -> np.ndarray:
        return self._up_to(np.searchsorted(self._x, thresholds)) - self._none

    def _up_to(self, places: np.ndarray) -> np.ndarray:
        """Returns sums `[2, 3, num_lines]` over points of the class (and of classes before it) and over all points."""
        ends = np.searchsorted(self._names, self._first_names + places)
        return np.stack([self._of_classes[:, ends], self._of_all[:, places]])


def _running_sums(x: np.ndarray) -> np.ndarray:
    """Returns sums of 1, x and x^2 over the first 0, 1, ... points, `[3, num_points + 1]`."""
    return np.pad(np.cumsum([np.ones_like(x), x, x * x], axis=1), ((0, 0), (1, 0)))


def _minimize(losses: _Losses) -> Lines:
    """Newton's method from the zero line; a step that does not lower the loss is halved."""
    slope, intercept, size = np.zeros(losses.num_lines), np.zeros(losses.num_lines), np.ones(losses.num_lines)
    step = losses.at(slope, intercept)
    for _ in range(_MAX_STEPS):
        unfinished = step.promise > _NEGLIGIBLE * step.loss
        if not unfinished.any():
            break
        there = slope + size * step.slope, intercept + size * step.intercept
        step_there = losses.at(*there)
        better = unfinished & (step_there.loss <= step.loss - 1e-4 * size * step.promise)
        slope, intercept = np.where(better, there[0], slope), np.where(better, there[1], intercept)
        step = _Step(*np.where(better, step_there, step))
        size = np.where(better, 1.0, size / 2)
    return Lines(slope, intercept - slope * losses.center)
