"""What the metrics share: drawing and encoding points, discretising codes. Mirrors disentanglement_lib's `utils`.

Functions with that library's names keep its orientation: arrays are `[num_dimensions, num_points]`. Encoding is the
cost of every metric, so points are drawn in small batches, in that library's order, and encoded many at a time.
"""

import os
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import gin
import numpy as np
import numpy.typing as npt

from disent_tf import files
from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _mutual_information

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

IMAGES_PER_CALL = 1024  # Enough to keep an accelerator busy; 48 MiB of 64 x 64 RGB images.

RepresentationFunction = Callable[[np.ndarray], npt.ArrayLike]
Discretizer = Callable[[np.ndarray, int], np.ndarray]


def generate_batch_factor_code(
    ground_truth_data: "GroundTruthData",
    representation_function: RepresentationFunction,
    num_points: int,
    random_state: np.random.RandomState,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws points and encodes them.

    Every batch draws its factors and then its observations, so a seed gives the points that it gives in
    disentanglement_lib; the last batch is smaller where `batch_size` does not divide `num_points`.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      num_points: number of points.
      random_state: source of randomness.
      batch_size: points per draw. It decides which points a seed gives, not how many are encoded at once.

    Returns:
      Codes float64 `[num_codes, num_points]` and factors `[num_factors, num_points]`.

    Raises:
      InputError: a number is not positive, or the codes are not finite or not one row per observation.
    """
    _checks.require_at_least(1, num_points=num_points, batch_size=batch_size)
    sizes = [min(batch_size, num_points - start) for start in range(0, num_points, batch_size)]
    per_call = batches_per_call(batch_size)
    codes, factors = [], []
    for start in range(0, len(sizes), per_call):
        draws = [ground_truth_data.sample(size, random_state) for size in sizes[start : start + per_call]]
        factors.append(np.concatenate([drawn for drawn, _ in draws]))
        codes.append(encode(representation_function, np.concatenate([observations for _, observations in draws])))
    return np.concatenate(codes).T, np.concatenate(factors).T


def obtain_representation(
    observations: np.ndarray, representation_function: RepresentationFunction, batch_size: int
) -> np.ndarray:
    """Returns the codes, float64 `[num_codes, num_points]`, of given observations, `batch_size` encoded at a time.

    Raises:
      InputError: there is no observation, `batch_size` is not positive, or the codes cannot be used.
    """
    _checks.require_at_least(1, batch_size=batch_size)
    if len(observations) == 0:
        raise InputError("there are no observations; a metric needs at least one: pass a longer array.")
    chunks = [observations[start : start + batch_size] for start in range(0, len(observations), batch_size)]
    return np.concatenate([encode(representation_function, chunk) for chunk in chunks]).T


def encode(representation_function: RepresentationFunction, observations: np.ndarray) -> np.ndarray:
    """Returns the codes of one call of the representation function, float64 `[num, num_codes]`.

    In float64 because variances and bin edges of a nearly constant float32 code are all rounding.

    Raises:
      InputError: the result is not one finite row per observation.
    """
    codes = _checks.as_points(representation_function(observations), "codes of the representation function")
    if len(codes) != len(observations):
        message = f"the representation function gave {len(codes)} codes for {len(observations)} observations; "
        raise InputError(message + "expected one row per observation: return [num, num_codes].")
    return codes.astype(np.float64, copy=False)


def batches_per_call(batch_size: int) -> int:
    """Returns how many batches of `batch_size` images are encoded at once."""
    return max(1, IMAGES_PER_CALL // batch_size)


def save_arrays(artifact_dir: str | os.PathLike[str] | None, name: str, **arrays: Any) -> None:
    """Writes arrays to the npz file `name` of a folder, which is made if need be; None as a folder writes nothing."""
    if artifact_dir is not None:
        with files.atomic_path(pathlib.Path(artifact_dir) / name) as path:
            np.savez(path, **arrays)


def discrete_mutual_info(mus: npt.ArrayLike, ys: npt.ArrayLike) -> np.ndarray:
    """Returns the mutual information in nats, `[num_codes, num_factors]`.

    Args:
      mus: discretised codes `[num_codes, num_points]`.
      ys: factors `[num_factors, num_points]`.
    """
    return _mutual_information.mutual_information_matrix(np.transpose(mus), np.transpose(ys))


def discrete_entropy(ys: npt.ArrayLike) -> np.ndarray:
    """Returns the entropy in nats, `[num_factors]`, of factors `[num_factors, num_points]`."""
    return _mutual_information.entropies(np.transpose(ys))


@gin.register(denylist=["target"])
def histogram_discretize(target: npt.ArrayLike, num_bins: int = 20) -> np.ndarray:
    """Cuts every row into `num_bins` bins of equal width between its minimum and its maximum.

    Args:
      target: codes `[num_codes, num_points]`.
      num_bins: number of bins.

    Returns:
      int64 `[num_codes, num_points]`, bins 1 to `num_bins`.

    Raises:
      InputError: `target` is not 2-d or not finite, or `num_bins` is not positive.
    """
    _checks.require_at_least(1, num_bins=num_bins)
    rows = _checks.as_points(np.transpose(target), "codes").T.astype(np.float64)
    return np.stack([np.digitize(row, _left_edges(row, num_bins)) for row in rows])


def make_discretizer(
    target: npt.ArrayLike, num_bins: int = 20, discretizer_fn: Discretizer = histogram_discretize
) -> np.ndarray:
    """Returns `discretizer_fn(target, num_bins)`: one label per code and point, `[num_codes, num_points]`.

    Raises:
      InputError: the discretizer changed the shape.
    """
    target = np.asarray(target)
    labels = np.asarray(discretizer_fn(target, num_bins))
    if labels.shape != target.shape:
        message = f"discretizer_fn turned codes of shape {target.shape} into labels of shape {labels.shape}; "
        raise InputError(message + "expected the same shape: return one label per code and point.")
    return labels


def _left_edges(row: np.ndarray, num_bins: int) -> np.ndarray:
    low, high = row.min(), row.max()
    # A code that moves by less than its own rounding leaves no room for the edges: it is constant, in one bin.
    if 0 < high - low <= 2 * num_bins * np.spacing(max(abs(low), abs(high))):
        return np.array([low])
    return np.histogram_bin_edges(row, num_bins)[:-1]
