"""Reduced downstream task: is a factor lost, and are the others kept, when the codes that tell it best are removed?

The protocol of disentanglement_lib.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from disent_tf.errors import InputError
from disent_tf.metrics import _accuracy, _checks, _predictors, unified_scores, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


def remaining_codes(
    points: utils.TrainAndTest, num_factors_to_remove: int, correlation_measure: unified_scores.MatrixFunction
) -> np.ndarray:
    """Returns the codes that remain when those that tell a factor best are removed, for every factor.

    They are removed one by one; the measure is taken anew on those that remain. Of equal ones the first goes.

    Args:
      points: codes and factors to fit on and to test on.
      num_factors_to_remove: number of codes to remove, fewer than there are.
      correlation_measure: `(codes_train, factors_train, codes_test, factors_test)`, dimensions as rows, to how well
        each code tells each factor, `[num_codes, num_factors]`.

    Returns:
      int `[num_factors, num_codes - num_factors_to_remove]`: the codes that remain, ascending.

    Raises:
      InputError: no code would remain.
    """
    num_codes, num_factors = points.codes_train.shape[1], points.factors_train.shape[1]
    if not 0 <= num_factors_to_remove < num_codes:
        message = f"num_factors_to_remove is {num_factors_to_remove} of {num_codes} codes; one at least has to remain: "
        raise InputError(message + "remove fewer.")
    remaining = np.tile(np.arange(num_codes), (num_factors, 1))
    for _ in range(num_factors_to_remove):
        # Factors that have the same codes left share the measure.
        sets, which = np.unique(remaining, axis=0, return_inverse=True)
        matrices = np.stack([_measure(points, codes, correlation_measure) for codes in sets])
        worst = np.argmax(matrices[which, :, np.arange(num_factors)], axis=1)
        kept = np.arange(remaining.shape[1]) != worst[:, None]
        remaining = remaining[kept].reshape(num_factors, -1)
    return remaining


@utils.protocol
def compute_reduced_downstream_task(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_factors_to_remove: int = 1,
    num_train: int | Sequence[int] = (1_000,),
    num_test: int = 1_000,
    batch_size: int = 16,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    correlation_measure: unified_scores.MatrixFunction = unified_scores.importance_gbt_matrix,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes accuracies after the codes that tell a factor best are removed.

    Args:
      ground_truth_data: what to draw from, with at least two factors.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for reduced_downstream_task_<num_train>.npz (accuracies `[num_factors, train or test,
        num_factors]`, the reduced factor first, and the remaining codes); None writes nothing.
      num_factors_to_remove: how many codes are removed for each factor.
      num_train: points to fit on, one number or several.
      num_test: points to test on.
      batch_size: of disentanglement_lib; it has no effect here.
      predictor_fn: makes a classifier.
      correlation_measure: see `remaining_codes`; the importances of boosted trees by default.
      num_jobs: processes at once, -1 for one per core; the scores do not depend on it.

    Returns:
      For every number of points, `<num_train>:` and then mean_<part>_accuracy_reduced_factor and
      mean_<part>_accuracy_other_factors, with the part train or test; for every reduced factor,
      `<num_train>:reduced_factor_<k>:` and then mean_<part>_accuracy_reduced_factor,
      mean_<part>_accuracy_non_reduced_factor, and mean_<part>_accuracy_factor_<i> for every factor i.

    Raises:
      InputError: a number is not positive, the codes are not finite, no code would remain, or there is one factor.
    """
    sizes = _checks.as_sizes(num_train)
    _checks.require_at_least(1, num_test=num_test, batch_size=batch_size)
    _checks.require_at_least(2, num_factors=ground_truth_data.num_factors)
    scores: dict[str, float] = {}
    stream = utils.separate_stream(random_state)
    for size in sizes:
        points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, size, num_test)
        remaining = remaining_codes(points, num_factors_to_remove, correlation_measure)
        sets, which = np.unique(remaining, axis=0, return_inverse=True)
        accuracies = np.stack(
            [
                _accuracy.train_and_test_accuracies(predictor_fn, _only(points, codes), stream, num_jobs)
                for codes in sets
            ]
        )[which]
        arrays = {"accuracies": accuracies, "remaining_codes": remaining}
        utils.save_arrays(artifact_dir, f"reduced_downstream_task_{size}.npz", **arrays)
        scores |= {f"{size}:{name}": score for name, score in _scores(accuracies).items()}
    return scores


def _only(points: utils.TrainAndTest, codes: np.ndarray) -> utils.TrainAndTest:
    return points._replace(codes_train=points.codes_train[:, codes], codes_test=points.codes_test[:, codes])


def _measure(
    points: utils.TrainAndTest, codes: np.ndarray, correlation_measure: unified_scores.MatrixFunction
) -> np.ndarray:
    matrix = np.asarray(correlation_measure(*(array.T for array in _only(points, codes))))
    expected = (len(codes), points.factors_train.shape[1])
    if matrix.shape != expected:
        message = f"correlation_measure returned shape {matrix.shape}; expected [num_codes, num_factors], {expected}: "
        raise InputError(message + "return one row per code.")
    return matrix


def _scores(accuracies: np.ndarray) -> dict[str, float]:
    """Names accuracies `[num_factors, train or test, num_factors]`, of which the first factor is the reduced one."""
    num_factors = len(accuracies)
    reduced = accuracies[np.arange(num_factors), :, np.arange(num_factors)]
    others = (accuracies.sum(axis=2) - reduced) / (num_factors - 1)
    scores = {}
    for i, part in enumerate(("train", "test")):
        scores[f"mean_{part}_accuracy_reduced_factor"] = float(reduced[:, i].mean())
        scores[f"mean_{part}_accuracy_other_factors"] = float(others[:, i].mean())
        for k in range(num_factors):
            prefix = f"reduced_factor_{k}:mean_{part}_accuracy"
            scores[f"{prefix}_reduced_factor"] = float(reduced[k, i])
            scores[f"{prefix}_non_reduced_factor"] = float(others[k, i])
            scores |= {f"{prefix}_factor_{j}": float(accuracies[k, i, j]) for j in range(num_factors)}
    return scores
