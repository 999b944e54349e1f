"""Modularity and explicitness: is each code about one factor alone, and can every factor be read from the codes?

K. Ridgeway and M. C. Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss"
(https://arxiv.org/abs/1802.05312), section 3, with the discretised information of disentanglement_lib.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _logistic, _mutual_information, factor_vae, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class Explicitness(NamedTuple):
    """Areas under the ROC curve per factor; NaN where a factor takes one value among the points."""

    train: np.ndarray  # [num_factors]
    test: np.ndarray  # [num_factors]


def modularity_per_code(mutual_information: np.ndarray) -> np.ndarray:
    """Returns the modularity of every code, `[num_codes]` in [0, 1], of information `[num_codes, num_factors]`.

    `1 - (sum_k I_ik^2 - max_k I_ik^2) / ((num_factors - 1) max_k I_ik^2)`; exactly 0 for a code without information,
    1 for any other where there is a single factor.
    """
    squares = np.square(mutual_information)
    best = squares.max(axis=1)
    ideal = best * max(1, squares.shape[1] - 1)
    deviation = np.divide(squares.sum(axis=1) - best, ideal, out=np.ones(len(best)), where=ideal > 0)
    return 1.0 - deviation


def modularity(mutual_information: np.ndarray) -> float:
    """Returns the mean over all codes of `modularity_per_code`, as disentanglement_lib has it.

    Chance information makes codes of pure noise score .60 to .65: a mean over all codes rewards noise. See
    `modularity_score_pruned` of `compute_modularity_explicitness`.
    """
    return float(np.mean(modularity_per_code(mutual_information)))


def explicitness(points: utils.TrainAndTest, *, num_jobs: int = -1) -> Explicitness:
    """Returns how well logistic regression ranks the values of each factor.

    A classifier per factor is fitted to codes of mean 0 and variance 1; the area under the ROC curve of each value
    against the others is averaged over those values that it was fitted to and that some, not all, points have.

    Args:
      points: codes and factors to fit on and to test on.
      num_jobs: factors at once, each a thread; -1 for one per core. The result does not depend on it.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    train = _checks.as_codes_and_factors(points.codes_train, points.factors_train)
    test = _checks.as_codes_and_factors(points.codes_test, points.factors_test)
    normalized, mean, stddev = utils.normalize_data(train[0].T)
    codes_train, codes_test = normalized.T.copy(), utils.normalize_data(test[0].T, mean, stddev)[0].T.copy()
    varying = np.flatnonzero(np.ptp(train[1], axis=0))
    models = _logistic.fit_each(codes_train, [train[1][:, factor] for factor in varying], num_jobs)
    areas = np.full((2, train[1].shape[1]), np.nan)
    for factor, model in zip(varying, models, strict=True):
        for part, (codes, labels) in enumerate(((codes_train, train[1]), (codes_test, test[1]))):
            areas[part, factor] = _mean_area(model.predict_proba(codes), labels[:, factor], model.classes_)
    return Explicitness(*areas)


@utils.protocol
def compute_modularity_explicitness(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test: int = 5_000,
    batch_size: int = 16,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
    prune_threshold: float = 0.05,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes modularity and explicitness of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for modularity_explicitness.npz (information, modularity per code, active codes, areas per
        factor); None writes nothing.
      num_train: points for information and to fit on, at least two.
      num_test: points to test on.
      batch_size: of disentanglement_lib; it has no effect here.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.
      num_bins: bins per code.
      prune_threshold: standard deviation below which a code is not active.
      num_jobs: see `explicitness`.

    Returns:
      modularity_score over all codes, explicitness_score_train and explicitness_score_test (means over the factors
      that vary), modularity_score_pruned over active codes (0 where there is none) and factors that vary, the number
      of active codes num_active_dims, and the num_bins and num_train that the first depends on.

    Raises:
      InputError: a number is too small, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(2, num_train=num_train)
    _checks.require_at_least(1, num_test=num_test, batch_size=batch_size, num_bins=num_bins)
    points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, num_train, num_test)
    binned = utils.make_discretizer(points.codes_train.T, num_bins, discretizer_fn).T
    information = _mutual_information.mutual_information_matrix(binned, points.factors_train)
    active = factor_vae.code_scale(points.codes_train, prune_threshold).active
    areas = explicitness(points, num_jobs=num_jobs)
    arrays = {"mutual_information": information, "modularity_per_code": modularity_per_code(information)}
    arrays |= {"active": active, "area_train": areas.train, "area_test": areas.test}
    utils.save_arrays(artifact_dir, "modularity_explicitness.npz", **arrays)
    pruned = information[active][:, np.ptp(points.factors_train, axis=0) > 0]
    return _scores(information, areas, pruned) | {"num_bins": num_bins, "num_train": num_train}


def _scores(information: np.ndarray, areas: Explicitness, pruned: np.ndarray) -> dict[str, float]:
    return {
        "modularity_score": modularity(information),
        "explicitness_score_train": _mean_of_defined(areas.train),
        "explicitness_score_test": _mean_of_defined(areas.test),
        "modularity_score_pruned": modularity(pruned) if len(pruned) else 0.0,
        "num_active_dims": len(pruned),
    }


def _mean_area(probabilities: np.ndarray, labels: np.ndarray, classes: np.ndarray) -> float:
    areas = [_area(column, labels == value) for column, value in zip(probabilities.T, classes, strict=True)]
    defined = [area for area in areas if area is not None]
    return float(np.mean(defined)) if defined else np.nan


def _area(score: np.ndarray, positive: np.ndarray) -> float | None:
    """Area under the ROC curve: the share of pairs of a positive and a negative in order, ties counting half."""
    num_positive = np.count_nonzero(positive)
    if num_positive in (0, len(score)):
        return None
    in_order = np.sort(score)
    below, up_to = (np.searchsorted(in_order, score[positive], side=side) for side in ("left", "right"))
    twice_pairs = np.sum(below + up_to) - num_positive**2  # Pairs of two positives give as many as they are.
    return float(twice_pairs / (2 * num_positive * (len(score) - num_positive)))


def _mean_of_defined(areas: np.ndarray) -> float:
    if np.all(np.isnan(areas)):
        message = "no factor takes two values that can be told apart in the points; expected one that varies: "
        raise InputError(message + "draw more points to fit on and to test on.")
    return float(np.nanmean(areas))
