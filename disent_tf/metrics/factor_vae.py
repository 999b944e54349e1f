"""The FactorVAE metric: which code varies least while one factor is held still, and does that tell the factor?

H. Kim and A. Mnih, "Disentangling by Factorising" (https://arxiv.org/abs/1802.05983), section 4, drawn in the order of
disentanglement_lib.
"""

import functools
import logging
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _draws, _encoding, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_log = logging.getLogger(__name__)


class CodeScale(NamedTuple):
    """How much every code varies over the whole data."""

    variances: np.ndarray  # [num_codes]
    active: np.ndarray  # bool [num_codes]; a code that is not active never gets a vote.


def code_scale(codes: npt.ArrayLike, prune_threshold: float = 0.05) -> CodeScale:
    """Returns the variances (n - 1 in the denominator) of codes `[num_points, num_codes]`, and which are active.

    A code is active where its standard deviation is at least `prune_threshold`. A constant one never is, whatever the
    threshold: its ratio of variances is 0/0, and its votes would be an artefact.

    Raises:
      InputError: the codes are not 2-d, not finite, or fewer than two, or the threshold is no number.
    """
    _checks.require_number(prune_threshold=prune_threshold)
    codes = _checks.as_points(codes, "codes")
    _checks.require_at_least(2, num_points=len(codes))
    variances = np.var(codes, axis=0, ddof=1)
    return CodeScale(variances, (np.sqrt(variances) >= prune_threshold) & (np.ptp(codes, axis=0) > 0))


def least_varying_code(codes: np.ndarray, scale: CodeScale) -> np.ndarray:
    """Returns the active code with the smallest ratio of variances, int `[num_votes]`.

    Args:
      codes: `[num_votes, batch_size, num_codes]`; in each vote one factor is held still.
      scale: the variances to divide by; at least one code is active.
    """
    active = np.flatnonzero(scale.active)
    ratios = np.var(codes, axis=1, ddof=1)[:, active] / scale.variances[active]
    return active[np.argmin(ratios, axis=1)]


def majority_factor(votes: np.ndarray) -> np.ndarray:
    """Returns the factor with most votes for every code, int `[num_codes]`, of votes `[num_factors, num_codes]`."""
    return np.argmax(votes, axis=0)


def vote_accuracy(votes: np.ndarray, classifier: np.ndarray) -> float:
    """Returns the share of votes that a classifier gets right.

    Args:
      votes: counts `[num_factors, num_codes]`: how often a code varied least while a factor was held still.
      classifier: the factor that it names for every code, `[num_codes]`; see `majority_factor`.

    Raises:
      InputError: there is no vote.
    """
    total = np.sum(votes)
    if total == 0:
        raise InputError("there are no votes; an accuracy needs at least one: draw more votes.")
    return float(votes[classifier, np.arange(votes.shape[1])].sum() / total)


@utils.protocol
def compute_factor_vae(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    batch_size: int = 64,
    num_train: int = 10_000,
    num_eval: int = 5_000,
    num_variance_estimate: int = 10_000,
    *,
    prune_threshold: float = 0.05,
    legacy: bool = False,
) -> dict[str, float]:
    """Computes the FactorVAE metric of a representation.

    It encodes `num_variance_estimate + batch_size * (num_train + num_eval)` observations: 970,000 by default. For data
    that fit in memory, encode them once and look the codes up.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for factor_vae_votes.npz (votes, variances and active codes); None writes nothing.
      batch_size: points per vote.
      num_train: votes that the classifier is made of.
      num_eval: votes that it is tested on.
      num_variance_estimate: points for the variance of every code over the whole data.
      prune_threshold: standard deviation below which a code gets no votes.
      legacy: num_active_dims as disentanglement_lib returns it where a code is active: the number of all codes.

    Returns:
      train_accuracy and eval_accuracy in [0, 1], both 0 where no code is active, and num_active_dims: how many are.

    Raises:
      InputError: a number is too small, or the codes are not finite.
    """
    _checks.require_at_least(1, num_train=num_train, num_eval=num_eval)
    _checks.require_at_least(2, batch_size=batch_size, num_variance_estimate=num_variance_estimate)
    codes = _codes_of_all(ground_truth_data, representation_function, random_state, num_variance_estimate)
    scale = code_scale(codes, prune_threshold)
    if not scale.active.any():
        _log.warning("No code has a standard deviation of %g or more: the FactorVAE metric is 0.", prune_threshold)
        return {"train_accuracy": 0.0, "eval_accuracy": 0.0, "num_active_dims": 0}
    draw = functools.partial(_votes, ground_truth_data, representation_function, random_state, batch_size, scale)
    votes = {"train_votes": draw(num_train), "eval_votes": draw(num_eval)}
    utils.save_arrays(artifact_dir, "factor_vae_votes.npz", **votes, **scale._asdict())
    classifier = majority_factor(votes["train_votes"])
    return {
        "train_accuracy": vote_accuracy(votes["train_votes"], classifier),
        "eval_accuracy": vote_accuracy(votes["eval_votes"], classifier),
        "num_active_dims": len(scale.active) if legacy else int(scale.active.sum()),
    }


def _codes_of_all(
    data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    num_points: int,
) -> np.ndarray:
    observations = data.sample_observations(num_points, random_state)
    return utils.obtain_representation(observations, representation_function, _encoding.IMAGES_PER_CALL).T


def _votes(
    data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    batch_size: int,
    scale: CodeScale,
    num_votes: int,
) -> np.ndarray:
    counts = np.zeros((data.num_factors, len(scale.variances)), np.int64)
    for batches in _draws.batches_that_share(data, representation_function, num_votes, batch_size, random_state):
        np.add.at(counts, (batches.fixed, least_varying_code(batches.codes, scale)), 1)
    return counts
