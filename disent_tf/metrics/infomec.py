"""InfoMEC: is each code about one factor (M), each factor in one code (C), and are factors linear in codes (E)?

K. Hsu et al., "Disentanglement via Latent Quantization" (https://arxiv.org/abs/2305.18378). With
`NMI_jk = I(z_j; v_k) / H(v_k)` of the active codes, of which there are m, and n factors,

    InfoM = (mean_j max_k NMI_jk / sum_k NMI_jk - 1/n) / (1 - 1/n)
    InfoC = (mean_k max_j NMI_jk / sum_j NMI_jk - 1/m) / (1 - 1/m)
    InfoE = mean_k 1 - H_V(v_k | z) / H(v_k)

where `H_V` is the cross-entropy of the best linear classifier of all codes: see `_predictive_information`. A code is
active where its range is more than 1/20 of the largest. I is estimated by ten nearest neighbours (see
`_neighbor_information`), or from labels where codes are discrete. All this is as in the authors' code, except that it
weights the values of a factor equally, where here they weigh their frequencies: the same for the uniform factors of a
grid, but for the chance of the draw.
"""

import os
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from disent_tf.metrics import _binned_information, _checks, _mutual_information, _neighbor_information, utils
from disent_tf.metrics._predictive_information import predictive_information

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


def normalized_information(
    codes: npt.ArrayLike, factors: npt.ArrayLike, *, discrete_codes: bool = False, num_neighbors: int = 10
) -> np.ndarray:
    """Returns `I(z_j; v_k) / H(v_k)`, `[num_codes, num_factors]`; 0 for a factor that does not vary.

    Args:
      codes: `[num_points, num_codes]`.
      factors: discrete, `[num_points, num_factors]`.
      discrete_codes: take codes as labels: plug-in estimate. Otherwise by nearest neighbours.
      num_neighbors: of the latter.

    Raises:
      InputError: the arrays do not fit together, are not finite, or no factor varies.
    """
    codes, factors = _checks.as_codes_and_factors(codes, factors)
    entropy = _mutual_information.entropies(factors)
    _binned_information.require_a_varying_factor(entropy)
    if discrete_codes:
        information = _mutual_information.mutual_information_matrix(codes, factors)
    else:
        information = _neighbor_information.neighbor_information_matrix(codes, factors, num_neighbors)
    return np.divide(information, entropy, out=np.zeros(information.shape), where=entropy > 0)


def active_codes(codes: np.ndarray, prune_ratio: float = 0.05) -> np.ndarray:
    """Returns which codes have a range of more than `prune_ratio` of the largest, bool `[num_codes]`."""
    ranges = np.ptp(codes, axis=0)
    return ranges > prune_ratio * ranges.max()


def concentration(information: np.ndarray) -> float:
    """Returns how far the entries of a column are in one of its rows, in [0, 1]; the mean over columns.

    `(mean max/sum - 1/num_rows) / (1 - 1/num_rows)`: 0 for equal entries, which a column of zeros counts as, 1 for a
    single one that is not 0; likewise 1 where there is a single row. InfoM of information `[num_codes, num_factors]`
    is that of its transpose, InfoC that of itself. 0 where there is no row or column.
    """
    if information.size == 0:
        return 0.0
    in_order = np.sort(information, axis=0)  # So that no sum depends on the order of the codes.
    total, chance = in_order.sum(axis=0), 1.0 / len(information)
    if len(information) == 1:
        return float(np.mean(total > 0))
    share = np.divide(in_order[-1], total, out=np.full(len(total), chance), where=total > 0)
    return float((np.mean(np.sort(share)) - chance) / (1.0 - chance))


@utils.protocol
def compute_infomec(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test: int = 5_000,
    batch_size: int = 16,
    *,
    discrete_codes: bool = False,
    num_neighbors: int = 10,
    prune_ratio: float = 0.05,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes InfoM, InfoC and InfoE of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for infomec.npz (normalized_information, active, explicitness_train, explicitness_test);
        None writes nothing.
      num_train: points for information and to fit on, at least two.
      num_test: points to test on.
      batch_size: has no effect; it is there for the order of arguments of the other metrics.
      discrete_codes: codes are labels, such as those of a quantised latent space.
      num_neighbors: see `normalized_information`.
      prune_ratio: see `active_codes`; discrete codes are active where they vary.
      num_jobs: see `predictive_information`.

    Returns:
      infom, infoc and infoe (on the points that it is fitted to, as in the paper), infoe_test on others, and
      num_active_dims (codes whose range is not small beside the largest), and num_train. With no active code all
      scores are 0.

    Raises:
      InputError: a number is too small, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(2, num_train=num_train)
    _checks.require_at_least(1, num_test=num_test, batch_size=batch_size, num_neighbors=num_neighbors)
    points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, num_train, num_test)
    information = normalized_information(
        points.codes_train, points.factors_train, discrete_codes=discrete_codes, num_neighbors=num_neighbors
    )
    active = active_codes(points.codes_train, 0.0 if discrete_codes else prune_ratio)
    told = predictive_information(points, discrete_codes=discrete_codes, num_jobs=num_jobs)
    arrays = {"normalized_information": information, "active": active}
    utils.save_arrays(artifact_dir, "infomec.npz", explicitness_train=told.train, explicitness_test=told.test, **arrays)
    varies = np.ptp(points.factors_train, axis=0) > 0
    pruned = information[active][:, varies]
    return {
        "infom": concentration(pruned.T),
        "infoc": concentration(pruned),
        "infoe": _mean_of_defined(told.train),
        "infoe_test": _mean_of_defined(told.test),
        "num_active_dims": int(active.sum()),
        "num_train": num_train,
    }


def _mean_of_defined(shares: np.ndarray) -> float:
    # With a single varying factor none of whose test values was trained on, nothing is told: 0.
    return 0.0 if np.isnan(shares).all() else float(np.nanmean(shares))
