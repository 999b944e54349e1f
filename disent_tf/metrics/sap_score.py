"""SAP score: is each factor predicted by one code alone?

A. Kumar et al., "Variational Inference of Disentangled Latent Concepts from Unlabeled Observations"
(https://arxiv.org/abs/1711.00848), section 3: separated attribute predictability, with the classifiers of
disentanglement_lib.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _one_feature_svm, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_C = 0.01  # Of disentanglement_lib's LinearSVC.
_NO_VARIANCE = 1e-12  # A code with less is taken for constant, as in disentanglement_lib.


class AttributePredictability(NamedTuple):
    """The score and what it was computed from."""

    score: float  # Mean of the gaps of factors that vary.
    gaps: np.ndarray  # [num_factors]: best minus second best entry of a column.
    score_matrix: np.ndarray  # [num_codes, num_factors]: how well a code alone predicts a factor, in [0, 1].


def separated_attribute_predictability(
    points: utils.TrainAndTest, *, continuous_factors: bool = False, standardize: bool = False
) -> AttributePredictability:
    """Returns the separated attribute predictability of codes.

    `SAP = mean_k (S_(1)k - S_(2)k)`, the codes in the order of how well each predicts factor k, over the factors that
    vary in the points to fit on. A single code is compared with a constant one.

    Args:
      points: codes and factors to fit on and to test on.
      continuous_factors: takes `squared_correlation_matrix` of the points to fit on for S, not `accuracy_matrix`.
      standardize: divides every code by its standard deviation, on which the accuracies depend otherwise.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    points = _checked(points)
    if standardize:
        codes_train, mean, stddev = utils.normalize_data(points.codes_train.T)
        codes_test, _, _ = utils.normalize_data(points.codes_test.T, mean, stddev)
        points = points._replace(codes_train=codes_train.T, codes_test=codes_test.T)
    num_codes = points.codes_train.shape[1]
    if num_codes == 1:
        rival = (np.pad(codes, ((0, 0), (0, 1))) for codes in (points.codes_train, points.codes_test))
        points = points._replace(**dict(zip(("codes_train", "codes_test"), rival, strict=True)))
    matrix = _score_matrix(points, continuous_factors)
    gaps = gap_per_factor(matrix)
    varies = np.ptp(points.factors_train, axis=0) > 0
    return AttributePredictability(float(np.mean(gaps[varies if varies.any() else ...])), gaps, matrix[:num_codes])


def gap_per_factor(score_matrix: np.ndarray) -> np.ndarray:
    """Returns best minus second best of every column, `[num_factors]`, of scores `[num_codes, num_factors]`.

    Raises:
      InputError: there are fewer than two codes.
    """
    _checks.require_at_least(2, num_codes=len(score_matrix))
    second, first = np.sort(score_matrix, axis=0)[-2:]
    return first - second


def accuracy_matrix(points: utils.TrainAndTest) -> np.ndarray:
    """Returns how often a machine that sees one code names the factor of a test point, `[num_codes, num_factors]`.

    The machines are scikit-learn's `LinearSVC(C=0.01, class_weight="balanced")`, solved exactly. Of a factor that takes
    one value in the points to fit on, that value is named. The penalty makes accuracy depend on the scale of a code.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    points = _checked(points)
    labels = [np.unique(factor, return_inverse=True) for factor in points.factors_train.T]
    accuracies = np.zeros((points.codes_train.shape[1], len(labels)))
    for i, (code, code_test) in enumerate(zip(points.codes_train.T, points.codes_test.T, strict=True)):
        order = np.argsort(code, kind="stable")
        for k, (values, classes) in enumerate(labels):
            predicted = np.zeros(len(code_test), np.int64)
            if len(values) > 1:
                predicted = _one_feature_svm.predict(_one_feature_svm.fit(code[order], classes[order], _C), code_test)
            accuracies[i, k] = np.mean(values[predicted] == points.factors_test[:, k])
    return accuracies


def squared_correlation_matrix(codes: npt.ArrayLike, factors: npt.ArrayLike) -> np.ndarray:
    """Returns squared Pearson correlations `[num_codes, num_factors]`.

    Exactly 0 for a code with a variance of 1e-12 or less, and for a constant factor (there NaN in disentanglement_lib).

    Args:
      codes: `[num_points, num_codes]`, at least two points.
      factors: ordered values, `[num_points, num_factors]`.

    Raises:
      InputError: the arrays do not fit together, are not finite, or have one point.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    _checks.require_at_least(2, num_points=len(codes))
    centered_codes, centered_factors = codes - codes.mean(axis=0), factors - factors.mean(axis=0)
    squares = np.outer(np.sum(centered_codes**2, axis=0), np.sum(centered_factors**2, axis=0))
    varies = np.outer(np.var(codes, axis=0, ddof=1) > _NO_VARIANCE, np.ptp(factors, axis=0) > 0)
    return np.divide((centered_codes.T @ centered_factors) ** 2, squares, out=np.zeros(squares.shape), where=varies)


def compute_score_matrix(
    mus: np.ndarray, ys: np.ndarray, mus_test: np.ndarray, ys_test: np.ndarray, continuous_factors: bool
) -> np.ndarray:
    """Returns `accuracy_matrix`, or `squared_correlation_matrix` of the points to fit on, `[num_codes, num_factors]`.

    Args:
      mus: codes to fit on, `[num_codes, num_points]` in disentanglement_lib's orientation.
      ys: their factors, `[num_factors, num_points]`.
      mus_test: codes to test on, `[num_codes, num_test_points]`.
      ys_test: their factors, `[num_factors, num_test_points]`.
      continuous_factors: whether correlations are meant.
    """
    arrays = (np.transpose(array) for array in (mus, ys, mus_test, ys_test))
    return _score_matrix(_checked(utils.TrainAndTest(*arrays)), continuous_factors)


@utils.protocol
def compute_sap(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test: int = 5_000,
    batch_size: int = 16,
    continuous_factors: bool = False,
    *,
    standardize: bool = False,
) -> dict[str, float]:
    """Computes the SAP score of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for sap_score.npz, the fields of `AttributePredictability`; None writes nothing.
      num_train: points to fit on.
      num_test: points to test on, of discrete factors.
      batch_size: of disentanglement_lib; it has no effect here.
      continuous_factors: whether factors are ordered numbers, and S is a squared correlation.
      standardize: adds the score of codes of variance 1, which does not depend on their scale.

    Returns:
      SAP_score in [0, 1], SAP_score_standardized if asked for, and the num_train that they depend on.

    Raises:
      InputError: a number is not positive, or the codes are not finite.
    """
    _checks.require_at_least(1, num_train=num_train, num_test=num_test, batch_size=batch_size)
    points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, num_train, num_test)
    return _scores(points, continuous_factors, standardize, artifact_dir)


def compute_sap_on_fixed_data(
    observations: np.ndarray,
    labels: npt.ArrayLike,
    representation_function: utils.RepresentationFunction,
    train_percentage: float = 0.9,
    continuous_factors: bool = False,
    batch_size: int = 100,
    *,
    standardize: bool = False,
) -> dict[str, float]:
    """Computes the SAP score on given observations.

    Args:
      observations: `[num_points, ...]`.
      labels: their factors `[num_factors, num_points]`, in disentanglement_lib's orientation.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      train_percentage: share of the points, the first ones, to fit on.
      continuous_factors: see `compute_sap`.
      batch_size: observations per call of the representation function.
      standardize: see `compute_sap`.

    Returns:
      The keys of `compute_sap`.

    Raises:
      InputError: as `compute_sap`, the labels do not fit the observations, or a part would be empty.
    """
    mus = utils.obtain_representation(observations, representation_function, batch_size)
    codes, factors = _checks.as_codes_and_factors(mus.T, np.transpose(labels))
    parts = (utils.split_train_test(array.T, train_percentage) for array in (codes, factors))
    (codes_train, codes_test), (factors_train, factors_test) = parts
    points = utils.TrainAndTest(codes_train.T, factors_train.T, codes_test.T, factors_test.T)
    return _scores(points, continuous_factors, standardize, None)


def _scores(
    points: utils.TrainAndTest,
    continuous_factors: bool,
    standardize: bool,
    artifact_dir: str | os.PathLike[str] | None,
) -> dict[str, float]:
    result = separated_attribute_predictability(points, continuous_factors=continuous_factors)
    utils.save_arrays(artifact_dir, "sap_score.npz", **result._asdict())
    scores = {"SAP_score": result.score}
    if standardize:
        standardized = separated_attribute_predictability(
            points, continuous_factors=continuous_factors, standardize=True
        )
        scores["SAP_score_standardized"] = standardized.score
    return scores | {"num_train": len(points.codes_train)}


def _score_matrix(points: utils.TrainAndTest, continuous_factors: bool) -> np.ndarray:
    if continuous_factors:
        return squared_correlation_matrix(points.codes_train, points.factors_train)
    return accuracy_matrix(points)


def _checked(points: utils.TrainAndTest) -> utils.TrainAndTest:
    codes_train, factors_train = _checks.as_codes_and_factors(points.codes_train, points.factors_train)
    codes_test, factors_test = _checks.as_codes_and_factors(points.codes_test, points.factors_test)
    columns = [
        (part[0].shape[1], part[1].shape[1]) for part in ((codes_train, factors_train), (codes_test, factors_test))
    ]
    if columns[0] != columns[1]:
        message = f"the points to fit on have {columns[0]} codes and factors, those to test on {columns[1]}; "
        raise InputError(message + "expected as many of each: take both from the same representation.")
    return utils.TrainAndTest(
        codes_train.astype(np.float64), factors_train, codes_test.astype(np.float64), factors_test
    )
