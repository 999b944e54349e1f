"""Higgins' disentanglement metric: can a linear classifier tell which factor pairs share, by what their codes share?

I. Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework" (ICLR 2017),
section 3: its classifier is linear, a softmax trained to convergence. `beta_vae` is disentanglement_lib's form, whose
logistic regression is penalised and sees the codes unscaled.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _draws, utils
from disent_tf.metrics._linear_classifier import Accuracies, Examples, accuracies_at_convergence

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class MeanDifferences(NamedTuple):
    """What the classifier sees, and what it has to say."""

    differences: np.ndarray  # float64 [num_batches, num_codes]
    shared: np.ndarray  # int64 [num_batches]: which factor the pairs share.


def mean_differences(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns `1/L sum_l |z_1l - z_2l|`, `[num_batches, num_codes]`, of codes `[num_batches, L, num_codes]`."""
    return np.abs(first - second).mean(axis=1)


def linear_accuracy(train: MeanDifferences, test: MeanDifferences, *, penalty: float = 1e-6) -> Accuracies:
    """Returns the accuracies in [0, 1] with which a linear classifier names the shared factor.

    Softmax regression on the differences, standardised by those of training, by L-BFGS: at its optimum, so that no
    learning rate and no number of steps enters, and the scale of the codes does not matter.

    Args:
      train: what to fit.
      test: what to score; a factor that is not in `train` counts as wrong.
      penalty: weight of half the squared norm of the weights against the mean cross-entropy.

    Raises:
      InputError: the arrays do not fit together or are not finite, or the penalty is not above 0.
    """
    if not penalty > 0:
        raise InputError(f"penalty is {penalty!r}; expected a number above 0: 1e-6 lets the classifier converge.")
    return accuracies_at_convergence(_examples(*train), _examples(*test), penalty)


def _examples(differences: npt.ArrayLike, shared: npt.ArrayLike) -> Examples:
    differences, shared = _checks.as_codes_and_factors(differences, np.reshape(shared, (-1, 1)))
    return Examples(differences.astype(np.float64), shared[:, 0])


@utils.protocol
def compute_higgins(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_pairs: int = 64,
    num_train: int = 10_000,
    num_test: int = 5_000,
    *,
    penalty: float = 1e-6,
) -> dict[str, float]:
    """Computes Higgins' metric of a representation.

    It encodes `2 * num_pairs * (num_train + num_test)` observations: 1,920,000 by default. For data that fit in memory,
    encode them once and look the codes up. The score grows with `num_pairs`.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for higgins.npz (differences and shared factors of both sets); None writes nothing.
      num_pairs: L, pairs in a batch; in each pair both observations have one value of the factor.
      num_train: batches to train on.
      num_test: batches to test on.
      penalty: see `linear_accuracy`.

    Returns:
      test_accuracy, the score, and train_accuracy, in [0, 1], chance being 1 / num_factors; and the num_pairs and
      num_train that they depend on.

    Raises:
      InputError: a number is too small, the data has a single factor, or the codes are not finite.
    """
    _checks.require_at_least(1, num_pairs=num_pairs, num_train=num_train, num_test=num_test)
    if ground_truth_data.num_factors < 2:
        raise InputError("the data has a single factor, which every pair shares; expected 2 factors or more.")

    def draw(num_batches: int) -> MeanDifferences:
        batches = _draws.pairs_that_share(
            ground_truth_data, representation_function, num_batches, num_pairs, random_state
        )
        drawn = [(mean_differences(first, second), fixed) for fixed, first, second in batches]
        return MeanDifferences(*map(np.concatenate, zip(*drawn, strict=True)))

    train, test = draw(num_train), draw(num_test)
    named = {f"{key}_train": value for key, value in train._asdict().items()}
    named |= {f"{key}_test": value for key, value in test._asdict().items()}
    utils.save_arrays(artifact_dir, "higgins.npz", **named)
    scores = linear_accuracy(train, test, penalty=penalty)
    return {
        "test_accuracy": scores.test,
        "train_accuracy": scores.train,
        "num_pairs": num_pairs,
        "num_train": num_train,
    }
