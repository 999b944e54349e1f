"""Fairness: does the prediction of one factor change when another one is set?

F. Locatello et al., "On the Fairness of Disentangled Representations" (https://arxiv.org/abs/1905.13662), section 4:
unfairness is the total variation between predictions under interventions. Low is fair.
"""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _encoding, _factor_values, _predictors, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


def inter_group_fairness(counts: npt.ArrayLike) -> tuple[float, float]:
    """Returns mean and maximum of the groups' total variation distances from all predictions together.

    `TV_c = sum_y |p(y | c) - p(y)| / 2`; the mean weighs a group by its predictions. A group without any has no say.

    Args:
      counts: of predictions, `[num_predicted_classes, num_sensitive_classes]`.

    Raises:
      InputError: there is no prediction.
    """
    counts = _checks.as_points(counts, "counts").astype(np.float64)
    of_group = counts.sum(axis=0)
    counts, of_group = counts[:, of_group > 0], of_group[of_group > 0]
    if not of_group.size:
        raise InputError("the counts are all 0; a distance needs predictions: count at least one.")
    overall = counts.sum(axis=1, keepdims=True) / of_group.sum()
    distances = np.abs(counts / of_group - overall).sum(axis=0) / 2
    return float(np.average(distances, weights=of_group)), float(distances.max())


def compute_scores_dict(metric: npt.ArrayLike, prefix: str) -> dict[str, float]:
    """Returns a matrix of pairs of factors by name, and its means and maxima.

    Args:
      metric: `[num_factors, num_factors]`: the predicted factor in rows, the sensitive one in columns. The diagonal is
        left out.
      prefix: what every key starts with.

    Returns:
      `prefix:pred0:sens1` for every pair, `prefix:pred0:mean_sens` (of a row) and `prefix:sens0:mean_pred` (of a
      column), the same with max, and both summed up again: `prefix:mean_sens:mean_pred` is the mean over sensitive
      factors of the mean over predicted ones, `prefix:mean_pred:mean_sens` the other way round.

    Raises:
      InputError: the matrix is not square, not finite or has fewer than two factors.
    """
    matrix = _checks.as_points(metric, "fairness scores")
    _checks.require_at_least(2, num_factors=len(matrix))
    if matrix.shape[0] != matrix.shape[1]:
        raise InputError(f"fairness scores have shape {matrix.shape}; expected [num_factors, num_factors]: pass those.")
    off_diagonal = ~np.eye(len(matrix), dtype=bool)
    scores = {f"{prefix}:pred{i}:sens{j}": float(matrix[i, j]) for i, j in np.argwhere(off_diagonal)}
    by_row = matrix[off_diagonal].reshape(len(matrix), -1)
    by_column = matrix.T[off_diagonal].reshape(len(matrix), -1)
    return scores | _summary(by_row, prefix, "pred", "sens") | _summary(by_column, prefix, "sens", "pred")


@utils.protocol
def compute_fairness(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test_points_per_class: int = 100,
    batch_size: int = 16,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes how unfair predictions from a representation are.

    A classifier per factor is fitted to random points. Then points are drawn for every pair of factors, and predictions
    of the one counted while the other takes each of its values.

    Args:
      ground_truth_data: what to draw from, with at least two factors.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for fairness.npz, the matrices behind the scores; None writes nothing.
      num_train: points to fit on.
      num_test_points_per_class: points for every pair of factors, each with every value of the sensitive one.
      batch_size: of disentanglement_lib; it has no effect here.
      predictor_fn: makes a classifier.
      num_jobs: processes at once, -1 for one per core; the scores do not depend on it.

    Returns:
      The keys of `compute_scores_dict` with prefixes mean_fairness and max_fairness: mean and maximum over the values
      of the sensitive factor. The score of the paper is mean_fairness:mean_pred:mean_sens.

    Raises:
      InputError: a number is not positive, the codes are not finite, or there is one factor.
    """
    _checks.require_at_least(1, num_test_points_per_class=num_test_points_per_class)
    _checks.require_at_least(2, num_factors=ground_truth_data.num_factors)
    stream = utils.separate_stream(random_state)
    codes, factors = utils.generate_batch_factor_code(
        ground_truth_data, representation_function, num_train, random_state, batch_size
    )
    models = _predictors.fit_per_factor(predictor_fn, codes.T, factors.T, stream, num_jobs)
    values = _factor_values.factor_values(ground_truth_data, factors.T)
    scores = np.zeros((2, len(models), len(models)))
    for i, model in enumerate(models):
        others = [j for j in range(len(models)) if j != i]
        test = [
            _intervened(
                ground_truth_data, representation_function, random_state, num_test_points_per_class, j, values[j]
            )
            for j in others
        ]
        scores[:, i, others] = _total_variations(model, test, [len(values[j]) for j in others])
    utils.save_arrays(artifact_dir, "fairness.npz", mean_fairness=scores[0], max_fairness=scores[1])
    return compute_scores_dict(scores[0], "mean_fairness") | compute_scores_dict(scores[1], "max_fairness")


def _intervened(
    data: Any,
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    num_points: int,
    sensitive: int,
    values: np.ndarray,
) -> np.ndarray:
    """Returns codes `[num_values * num_points, num_codes]` of the same points with one factor set to each value."""
    factors = np.array(data.sample_factors(num_points, random_state))
    codes = []
    for value in values:
        factors[:, sensitive] = value
        observations = data.sample_observations_from_factors(factors, random_state)
        codes.append(utils.obtain_representation(observations, representation_function, _encoding.IMAGES_PER_CALL).T)
    return np.concatenate(codes)


def _total_variations(model: Any, test: list[np.ndarray], num_groups: list[int]) -> np.ndarray:
    """Returns `inter_group_fairness` `[2, num_tests]` of tests, each of equal groups one after the other."""
    predictions = np.split(model.predict(np.concatenate(test)), np.cumsum([len(codes) for codes in test])[:-1])
    distances = []
    for predicted, num in zip(predictions, num_groups, strict=True):
        classes, index = np.unique(predicted, return_inverse=True)
        group = np.repeat(np.arange(num), len(predicted) // num)
        counts = np.bincount(index * num + group, minlength=len(classes) * num).reshape(-1, num)
        distances.append(inter_group_fairness(counts))
    return np.transpose(distances)


def _summary(scores: np.ndarray, prefix: str, row: str, column: str) -> dict[str, float]:
    """Returns mean and maximum of every row `[num_factors, num_factors - 1]`, and of these again."""
    result: dict[str, float] = {}
    for name, of_rows in (("mean", scores.mean(axis=1)), ("max", scores.max(axis=1))):
        result |= {f"{prefix}:{row}{i}:{name}_{column}": float(score) for i, score in enumerate(of_rows)}
        result[f"{prefix}:mean_{row}:{name}_{column}"] = float(of_rows.mean())
        result[f"{prefix}:max_{row}:{name}_{column}"] = float(of_rows.max())
    return result
