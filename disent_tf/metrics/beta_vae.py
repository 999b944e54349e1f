"""The beta-VAE metric: does the difference of two codes tell which factor their observations share?

I. Higgins et al., "beta-VAE: Learning Basic Visual Concepts with a Constrained Variational Framework"
(https://openreview.net/forum?id=Sy2fzU9gl), section 3, drawn in the order of disentanglement_lib.
"""

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _draws, _logistic, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class SharedFactorAccuracy(NamedTuple):
    """How often the shared factor is named, in [0, 1]."""

    train: float
    eval: float


class _Differences(NamedTuple):
    features: np.ndarray  # [num_batches, num_codes]
    labels: np.ndarray  # int64 [num_batches]: the factor that the pairs of a batch share.


def mean_difference(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Returns `mean_b |first_b - second_b|` of codes `[..., batch_size, num_codes]`: features `[..., num_codes]`."""
    return np.mean(np.abs(first - second), axis=-2)


def shared_factor_accuracy(
    features_train: npt.ArrayLike, labels_train: npt.ArrayLike, features_eval: npt.ArrayLike, labels_eval: npt.ArrayLike
) -> SharedFactorAccuracy:
    """Returns how well logistic regression names the shared factor from mean differences of codes.

    Features are not standardised, as in disentanglement_lib, and the regression is penalised: the accuracy depends on
    the scale of the codes. Where all training labels are one factor, that one is named: data of one factor score 1.

    Args:
      features_train: `[num_batches, num_codes]`, what to fit on; see `mean_difference`.
      labels_train: the factor that the pairs of a batch share, `[num_batches]`.
      features_eval: `[num_other_batches, num_codes]`, what to test on.
      labels_eval: `[num_other_batches]`.

    Raises:
      InputError: features or labels are not finite or do not fit together.
    """
    train, evaluation = _checked(features_train, labels_train), _checked(features_eval, labels_eval)
    if train.features.shape[1] != evaluation.features.shape[1]:
        message = (
            f"there are {train.features.shape[1]} features to fit on and {evaluation.features.shape[1]} to test on; "
        )
        raise InputError(message + "expected as many: take both from the same representation.")
    if np.ptp(train.labels) == 0:
        return SharedFactorAccuracy(1.0, float(np.mean(evaluation.labels == train.labels[0])))
    (model,) = _logistic.fit_each(train.features, [train.labels])
    hits = (model.predict(features) == labels for features, labels in (train, evaluation))
    return SharedFactorAccuracy(*(float(np.mean(hit)) for hit in hits))


@utils.protocol
def compute_beta_vae_sklearn(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    batch_size: int = 64,
    num_train: int = 10_000,
    num_eval: int = 5_000,
) -> dict[str, float]:
    """Computes the beta-VAE metric of a representation.

    It encodes `2 * batch_size * (num_train + num_eval)` observations: 1,920,000 by default. For data that fit in
    memory, encode them once; see `Representation`.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for beta_vae.npz (features and labels of both parts); None writes nothing.
      batch_size: pairs per point of the classifier.
      num_train: points that the classifier is fitted on.
      num_eval: points that it is tested on.

    Returns:
      train_accuracy and eval_accuracy in [0, 1]; both 1 where there is a single factor.

    Raises:
      InputError: a number is not positive, or the codes are not finite.
    """
    _checks.require_at_least(1, batch_size=batch_size, num_train=num_train, num_eval=num_eval)
    train, evaluation = (
        _draw(ground_truth_data, representation_function, random_state, batch_size, num)
        for num in (num_train, num_eval)
    )
    arrays = {f"{name}_train": part for name, part in train._asdict().items()}
    arrays |= {f"{name}_eval": part for name, part in evaluation._asdict().items()}
    utils.save_arrays(artifact_dir, "beta_vae.npz", **arrays)
    accuracy = shared_factor_accuracy(**arrays)
    return {"train_accuracy": accuracy.train, "eval_accuracy": accuracy.eval}


def _draw(
    data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    batch_size: int,
    num_batches: int,
) -> _Differences:
    features, labels = [], []
    for pairs in _draws.pairs_that_share(data, representation_function, num_batches, batch_size, random_state):
        features.append(mean_difference(pairs.first, pairs.second))
        labels.append(pairs.fixed)
    return _Differences(np.concatenate(features), np.concatenate(labels))


def _checked(features: npt.ArrayLike, labels: npt.ArrayLike) -> _Differences:
    features = _checks.as_points(features, "features").astype(np.float64, copy=False)
    labels = _checks.as_points(np.asarray(labels)[..., None], "labels")[:, 0]
    if len(features) != len(labels):
        message = f"there are {len(features)} features and {len(labels)} labels; expected one label per row: "
        raise InputError(message + "pass as many of one as of the other.")
    return _Differences(features, labels)
