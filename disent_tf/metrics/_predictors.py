"""Which classifiers tell the factors from codes: made, fitted for every factor in parallel, and asked.

The classifiers are those of disentanglement_lib, and a fast form of its boosted trees; see `_boosting`.
"""

import copy
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import gin
import joblib
import numpy as np
import numpy.typing as npt
import threadpoolctl
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegressionCV
from sklearn.model_selection import KFold

from disent_tf.errors import InputError
from disent_tf.metrics import _boosting, _checks

PredictorFactory = Callable[[], Any]
"""Makes a classifier with scikit-learn's `fit(codes, labels)` and `predict(codes)`, not yet fitted."""

_SERIAL_WORK = 10_000  # Points times classes, a few seconds of boosted trees: below, processes do not pay.
_POINTS_PER_TREE = 500  # What growing a tree costs beside its points.


@gin.register
def gradient_boosting_classifier() -> GradientBoostingClassifier:
    """Returns boosted trees as disentanglement_lib has them: 100 rounds of one tree of depth 3 for each class."""
    return GradientBoostingClassifier()


@gin.register
def logistic_regression_cv() -> LogisticRegressionCV:
    """Returns logistic regression as disentanglement_lib has it: ten strengths, chosen by accuracy on five folds."""
    return LogisticRegressionCV(Cs=10, cv=KFold(n_splits=5), scoring="accuracy")


@gin.register
def histogram_boosting_classifier() -> "_boosting.HistogramBoostingClassifier":
    """Returns the boosted trees of `gradient_boosting_classifier` on binned codes: nearly the same, faster."""
    return _boosting.HistogramBoostingClassifier()


class ConstantPredictor:
    """What is fitted to a factor that takes one value: predicts it, and needs no code to do so."""

    def __init__(self, value: Any, num_codes: int) -> None:
        self.classes_ = np.array([value])
        self.feature_importances_ = np.zeros(num_codes)

    def predict(self, codes: np.ndarray) -> np.ndarray:
        """Returns the value for every row of codes `[num_points, num_codes]`."""
        return np.full(len(codes), self.classes_[0])


def fit_per_factor(
    predictor_fn: PredictorFactory,
    codes_train: npt.ArrayLike,
    factors_train: npt.ArrayLike,
    random_state: np.random.RandomState,
    num_jobs: int = -1,
) -> list[Any]:
    """Fits a classifier to every factor.

    Args:
      predictor_fn: makes a classifier; it gets a copy of `random_state` as its own where it has one.
      codes_train: `[num_points, num_codes]`.
      factors_train: labels, whole numbers, `[num_points, num_factors]`.
      random_state: what is random in the classifiers; it is left as fitting them one after the other would leave it.
      num_jobs: processes at once, -1 for one per core; the models do not depend on it.

    Returns:
      A fitted model per factor; a `ConstantPredictor` where a factor takes one value.

    Raises:
      InputError: the arrays do not fit together or are not finite, labels are no whole numbers, or a classifier
        cannot be fitted to so few points.
    """
    codes, factors = _checks.as_codes_and_factors(codes_train, factors_train)
    if not np.array_equal(factors, np.round(factors)):
        message = "factors hold fractions; a classifier needs one label, a whole number, per value: "
        raise InputError(message + "number the values.")
    factors = factors.astype(np.int64)
    models = [predictor_fn() for _ in factors.T]
    # Before any is fitted, as processes share no state.
    states = [take_draws(model, labels, random_state) for model, labels in zip(models, factors.T, strict=True)]
    jobs = [joblib.delayed(_fit)(*each) for each in zip(models, [codes] * len(models), factors.T, states, strict=True)]
    return _run(jobs, factors, num_jobs)


def take_draws(model: Any, labels: np.ndarray, random_state: np.random.RandomState) -> np.random.RandomState:
    """Draws from `random_state` what fitting the model would, and returns a copy of it from before, to fit it with.

    Gradient boosting draws one number for each tree. Other models are taken to draw none.
    """
    before = copy.deepcopy(random_state)
    num_classes = len(np.unique(labels))
    if isinstance(model, GradientBoostingClassifier) and num_classes > 1:
        num_trees = model.n_estimators * (num_classes if num_classes > 2 else 1)
        random_state.randint(np.iinfo(np.int32).max, size=num_trees)  # As scikit-learn seeds a tree.
    return before


def accuracies(models: Sequence[Any], codes: npt.ArrayLike, factors: npt.ArrayLike, num_jobs: int = -1) -> np.ndarray:
    """Returns the share of points whose factor each model predicts from their codes, `[num_factors]`.

    Args:
      models: a fitted model per factor; see `fit_per_factor`.
      codes: `[num_points, num_codes]`.
      factors: `[num_points, num_factors]`. A value that was not there to fit on counts as wrong.
      num_jobs: processes at once, -1 for one per core.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    pairs = zip(models, factors.T, strict=True)
    return np.array(
        _run([joblib.delayed(_accuracy)(model, codes, labels) for model, labels in pairs], factors, num_jobs)
    )


def importance_matrix(models: Sequence[Any]) -> np.ndarray:
    """Returns how much of each model hangs on each code, `[num_codes, num_factors]`; a column sums to 1, or is 0.

    Raises:
      InputError: a model tells no importances.
    """
    for model in models:
        if not hasattr(model, "feature_importances_"):
            message = f"{type(model).__name__} tells no feature_importances_, which are expected here: "
            raise InputError(message + "use gradient_boosting_classifier or histogram_boosting_classifier.")
    return np.abs(np.stack([model.feature_importances_ for model in models], axis=1))


def _run(jobs: list[Any], factors: np.ndarray, num_jobs: int) -> list[Any]:
    """Runs one job per factor, those of factors with most values first, so that no long one is left for the end."""
    num_values = np.array([len(np.unique(labels)) for labels in factors.T])
    order = np.argsort(-num_values, kind="stable")
    serial = (len(factors) + _POINTS_PER_TREE) * num_values.sum() <= _SERIAL_WORK
    parallel = joblib.Parallel(n_jobs=1 if serial else num_jobs, backend="loky", batch_size=1)
    results = parallel(jobs[factor] for factor in order)
    return [results[place] for place in np.argsort(order)]


def _accuracy(model: Any, codes: np.ndarray, labels: np.ndarray) -> float:
    with threadpoolctl.threadpool_limits(1):
        return float(np.mean(model.predict(codes) == labels))


def _fit(model: Any, codes: np.ndarray, labels: np.ndarray, random_state: np.random.RandomState) -> Any:
    if len(np.unique(labels)) == 1:
        return ConstantPredictor(labels[0], codes.shape[1])
    if "random_state" in getattr(model, "get_params", dict)():
        model.set_params(random_state=random_state)
    # One thread each: sums in another order would round otherwise, and the processes would crowd the cores.
    with threadpoolctl.threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # A result like any other, in the golden values too.
        warnings.simplefilter("ignore", FutureWarning)  # About defaults of LogisticRegressionCV, which are kept.
        try:
            return model.fit(codes, labels)
        except ValueError as error:
            message = f"{type(model).__name__} cannot be fitted to {len(codes)} points: {str(error).splitlines()[0]} "
            raise InputError(message + "Draw more points.") from error
