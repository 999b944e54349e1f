"""Disentanglement, completeness, informativeness: does a code tell one factor, is a factor told by one code, how well?

C. Eastwood and C. K. I. Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations"
(https://openreview.net/forum?id=By-7dz-AZ), section 2, with the boosted trees and accuracies of disentanglement_lib.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.utils import check_random_state

from disent_tf.metrics import _checks, _predictors, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_NEVER_ZERO = 1e-11  # Added to every importance before normalising, as in disentanglement_lib.


class DisentanglementCompletenessInformativeness(NamedTuple):
    """The scores, in [0, 1], and what they were computed from."""

    disentanglement: float
    completeness: float
    informativeness_train: float  # Mean accuracy over factors.
    informativeness_test: float
    importances: np.ndarray  # [num_codes, num_factors]
    disentanglement_per_code: np.ndarray  # [num_codes]
    completeness_per_factor: np.ndarray  # [num_factors]
    train_accuracies: np.ndarray  # [num_factors]
    test_accuracies: np.ndarray  # [num_factors]


def disentanglement_completeness_informativeness(
    codes_train: npt.ArrayLike,
    factors_train: npt.ArrayLike,
    codes_test: npt.ArrayLike,
    factors_test: npt.ArrayLike,
    random_state: int | np.random.RandomState = 0,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    num_jobs: int = -1,
) -> DisentanglementCompletenessInformativeness:
    """Returns disentanglement, completeness and informativeness of codes.

    A classifier tells each factor from the codes; its importances `R [num_codes, num_factors]` say which codes it uses.
    `D = sum_i w_i (1 - H(R_i / sum_k R_ik))`, the entropy in units of log num_factors and `w_i` the share of code i in
    all importance; completeness is the same of columns, in units of log num_codes. Informativeness is accuracy. The
    scores depend on the classifier and on the number of points: report both.

    Args:
      codes_train: `[num_train, num_codes]`.
      factors_train: labels `[num_train, num_factors]`. One that is constant has no say in the scores.
      codes_test: `[num_test, num_codes]`.
      factors_test: `[num_test, num_factors]`.
      random_state: what is random in the classifiers, which of several equal splits they take: a seed, or a state that
        is left as fitting them one after the other would leave it.
      predictor_fn: makes a classifier with `feature_importances_`.
      num_jobs: processes at once, -1 for one per core; the result does not depend on it.

    Raises:
      InputError: the arrays do not fit together or are not finite, or the classifier has no importances.
    """
    stream = check_random_state(random_state)
    models = _predictors.fit_per_factor(predictor_fn, codes_train, factors_train, stream, num_jobs)
    importances = _predictors.importance_matrix(models)
    on_train = _predictors.accuracies(models, codes_train, factors_train, num_jobs)
    on_test = _predictors.accuracies(models, codes_test, factors_test, num_jobs)
    varies = np.ptp(factors_train, axis=0) > 0
    varying = varies if varies.any() else slice(None)
    return DisentanglementCompletenessInformativeness(
        disentanglement(importances[:, varying]),
        completeness(importances),
        float(np.mean(on_train[varying])),
        float(np.mean(on_test[varying])),
        importances,
        disentanglement_per_code(importances[:, varying]),
        completeness_per_factor(importances),
        on_train,
        on_test,
    )


def disentanglement_per_code(importance_matrix: npt.ArrayLike) -> np.ndarray:
    """Returns how far each code tells one factor only, `[num_codes]`, of importances `[num_codes, num_factors]`.

    In [0, 1]: 0 for a code that tells nothing; 1 for every code where there is a single factor.
    """
    return _concentration(_checks.as_points(importance_matrix, "importances"))


def completeness_per_factor(importance_matrix: npt.ArrayLike) -> np.ndarray:
    """Returns how far each factor is told by one code, `[num_factors]`, of importances `[num_codes, num_factors]`."""
    return _concentration(_checks.as_points(importance_matrix, "importances").T)


def disentanglement(importance_matrix: npt.ArrayLike) -> float:
    """Returns the mean of `disentanglement_per_code` weighted by the importance of each code."""
    return _weighted(disentanglement_per_code(importance_matrix), np.sum(importance_matrix, axis=1))


def completeness(importance_matrix: npt.ArrayLike) -> float:
    """Returns the mean of `completeness_per_factor` weighted by the importance that each factor has in all codes."""
    return _weighted(completeness_per_factor(importance_matrix), np.sum(importance_matrix, axis=0))


@utils.protocol
def compute_dci(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test: int = 5_000,
    batch_size: int = 16,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes disentanglement, completeness and informativeness of a representation.

    Boosted trees take minutes on factors of many values: 100 trees for every value. `histogram_boosting_classifier`
    takes seconds, and gives nearly the same scores.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for dci.npz, the fields of `DisentanglementCompletenessInformativeness`; None writes nothing.
      num_train: number of points to fit on.
      num_test: number of points to test on.
      batch_size: of disentanglement_lib; it has no effect here.
      predictor_fn: makes a classifier with `feature_importances_`.
      num_jobs: processes at once, -1 for one per core; the result does not depend on it.

    Returns:
      informativeness_train, informativeness_test, disentanglement and completeness, and the num_train that they depend
      on.

    Raises:
      InputError: a number is not positive, or the codes are not finite.
    """
    _checks.require_at_least(1, num_train=num_train, num_test=num_test, batch_size=batch_size)
    stream = utils.separate_stream(random_state)
    points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, num_train, num_test)
    result = disentanglement_completeness_informativeness(*points, stream, predictor_fn=predictor_fn, num_jobs=num_jobs)
    utils.save_arrays(artifact_dir, "dci.npz", **result._asdict())
    return _scores(result, num_train)


def compute_dci_on_fixed_data(
    observations: np.ndarray,
    labels: npt.ArrayLike,
    representation_function: utils.RepresentationFunction,
    train_percentage: float = 0.9,
    batch_size: int = 100,
    *,
    seed: int = 0,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes disentanglement, completeness and informativeness on given observations.

    Args:
      observations: `[num_points, ...]`.
      labels: their factors `[num_factors, num_points]`, in disentanglement_lib's orientation.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      train_percentage: share of points to fit on, the first ones, in (0, 1); the others are tested on.
      batch_size: observations per call of the representation function.
      seed: what is random in the classifiers.
      predictor_fn: makes a classifier with `feature_importances_`.
      num_jobs: processes at once, -1 for one per core; the result does not depend on it.

    Returns:
      The keys of `compute_dci`.

    Raises:
      InputError: as `compute_dci`, or the labels do not fit the observations.
    """
    codes = utils.obtain_representation(observations, representation_function, batch_size)
    codes, factors = _checks.as_codes_and_factors(codes.T, np.transpose(labels))
    codes_train, codes_test = utils.split_train_test(codes.T, train_percentage)
    factors_train, factors_test = utils.split_train_test(factors.T, train_percentage)
    points = utils.TrainAndTest(codes_train.T, factors_train.T, codes_test.T, factors_test.T)
    result = disentanglement_completeness_informativeness(*points, seed, predictor_fn=predictor_fn, num_jobs=num_jobs)
    return _scores(result, len(points.codes_train))


def _concentration(rows: np.ndarray) -> np.ndarray:
    """Returns 1 - entropy of each row, in units of that of the uniform distribution; 1 for rows of length 1."""
    if rows.shape[1] == 1:
        return np.ones(len(rows))
    shares = rows + _NEVER_ZERO
    shares = shares / shares.sum(axis=1, keepdims=True)
    return 1 + np.sum(shares * np.log(shares), axis=1) / np.log(rows.shape[1])


def _weighted(scores: np.ndarray, weights: np.ndarray) -> float:
    """Returns the mean with weights, or that with equal ones where they are all 0."""
    return float(np.average(scores, weights=weights if np.sum(weights) > 0 else None))


def _scores(result: DisentanglementCompletenessInformativeness, num_train: int) -> dict[str, float]:
    keys = ("informativeness_train", "informativeness_test", "disentanglement", "completeness")
    return {key: getattr(result, key) for key in keys} | {"num_train": num_train}
