"""Downstream tasks: how well are the factors told from the codes, and from how few labels?

F. Locatello et al., "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations"
(https://arxiv.org/abs/1811.12359), section 5.4: a classifier per factor, fitted to few and to many points. Sample
efficiency is the accuracy from few labels as a share of the accuracy from many.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from disent_tf.metrics import _accuracy, _checks, _predictors, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


def sample_efficiency(few: float, many: float) -> float:
    """Returns the mean accuracy from few labels divided by that from many; 1 where both are 0."""
    return few / many if many > 0 else 1.0


@utils.protocol
def compute_downstream_task(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: Sequence[int] = (10, 100, 1_000, 10_000),
    num_test: int = 5_000,
    batch_size: int = 16,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes how well classifiers tell the factors from the codes of few and of many points.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for downstream_task.npz (num_train `[num_sizes]`, and train_accuracies and test_accuracies
        `[num_sizes, num_factors]`); None writes nothing.
      num_train: numbers of points to fit on; both kinds of points are drawn anew for each.
      num_test: number of points to test on.
      batch_size: of disentanglement_lib; it has no effect here.
      predictor_fn: makes a classifier; disentanglement_lib's studies use `gradient_boosting_classifier` and
        `logistic_regression_cv`.
      num_jobs: processes at once, -1 for one per core; the result does not depend on it.

    Returns:
      For each size n of num_train: `n:mean_train_accuracy`, `n:mean_test_accuracy`, `n:min_train_accuracy`,
      `n:min_test_accuracy` over the factors, and `n:train_accuracy_factor_k`, `n:test_accuracy_factor_k` of each. For
      each but the largest size N also `n:sample_efficiency`: mean test accuracy as a share of that from N points.

    Raises:
      InputError: a number is not positive, no or equal sizes are given, the codes are not finite, or a classifier
        cannot be fitted to so few points.
    """
    _checks.require_at_least(1, num_test=num_test, batch_size=batch_size)
    sizes = _checks.as_sizes(num_train)
    accuracies = []
    stream = utils.separate_stream(random_state)
    for size in sizes:
        points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, size, num_test)
        accuracies.append(_accuracy.train_and_test_accuracies(predictor_fn, points, stream, num_jobs))
    on_train, on_test = np.stack(accuracies, axis=1)
    utils.save_arrays(
        artifact_dir, "downstream_task.npz", num_train=sizes, train_accuracies=on_train, test_accuracies=on_test
    )
    return _scores(sizes, on_train, on_test)


def _scores(sizes: list[int], on_train: np.ndarray, on_test: np.ndarray) -> dict[str, float]:
    scores = {}
    for size, train, test in zip(sizes, on_train, on_test, strict=True):
        scores[f"{size}:mean_train_accuracy"] = float(np.mean(train))
        scores[f"{size}:mean_test_accuracy"] = float(np.mean(test))
        scores[f"{size}:min_train_accuracy"] = float(np.min(train))
        scores[f"{size}:min_test_accuracy"] = float(np.min(test))
        for factor in range(len(train)):
            scores[f"{size}:train_accuracy_factor_{factor}"] = float(train[factor])
            scores[f"{size}:test_accuracy_factor_{factor}"] = float(test[factor])
    many = scores[f"{max(sizes)}:mean_test_accuracy"]
    for size in sorted(sizes)[:-1]:
        scores[f"{size}:sample_efficiency"] = sample_efficiency(scores[f"{size}:mean_test_accuracy"], many)
    return scores
