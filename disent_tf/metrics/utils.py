"""What the metrics share: drawing and encoding points, discretising codes. Mirrors disentanglement_lib's `utils`.

Functions with that library's names keep its orientation: arrays are `[num_dimensions, num_points]`.
"""

import inspect
import os
import pathlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import gin
import numpy as np
import numpy.typing as npt

from disent_tf import files
from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _draws, _encoding, _mutual_information
from disent_tf.metrics._encoding import RepresentationFunction
from disent_tf.metrics._predictors import (  # noqa: F401
    gradient_boosting_classifier,
    histogram_boosting_classifier,
    logistic_regression_cv,
)

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

Discretizer = Callable[[np.ndarray, int], np.ndarray]

_Metric = TypeVar("_Metric", bound=Callable[..., Any])


def protocol(compute: _Metric) -> _Metric:
    """Lets gin bind what a metric's protocol leaves open: every argument but the first four."""
    given = ["ground_truth_data", "representation_function", "random_state", "artifact_dir"]
    return gin.register(denylist=[name for name in given if name in inspect.signature(compute).parameters])(compute)


class TrainAndTest(NamedTuple):
    """Codes `[num_points, num_codes]` and factors `[num_points, num_factors]` to fit on, and others to test on."""

    codes_train: np.ndarray
    factors_train: np.ndarray
    codes_test: np.ndarray
    factors_test: np.ndarray


def draw_train_and_test(
    ground_truth_data: "GroundTruthData",
    representation_function: RepresentationFunction,
    random_state: np.random.RandomState,
    num_train: int,
    num_test: int,
) -> TrainAndTest:
    """Draws points to fit on and then points to test on, rows are points; see `generate_batch_factor_code`."""
    return TrainAndTest(
        *_draws.points(ground_truth_data, representation_function, num_train, random_state),
        *_draws.points(ground_truth_data, representation_function, num_test, random_state),
    )


def separate_stream(random_state: np.random.RandomState) -> np.random.RandomState:
    """Returns a copy of `random_state`, to draw from without changing it.

    For what draws from NumPy's global state in disentanglement_lib, such as the trees of gradient boosting: the points
    stay those of that library, and so do the trees where it seeds the global state with the seed of `random_state`.
    """
    copy = np.random.RandomState()
    copy.set_state(random_state.get_state())
    return copy


def separate_seed(random_state: np.random.RandomState) -> int:
    """Returns a seed that `random_state` determines, without drawing from it."""
    return int(separate_stream(random_state).randint(2**31))


def generate_batch_factor_code(
    ground_truth_data: "GroundTruthData",
    representation_function: RepresentationFunction,
    num_points: int,
    random_state: np.random.RandomState,
    batch_size: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Draws points and encodes them.

    Factors and observations are drawn 16 at a time, in disentanglement_lib's order and at its default, whatever
    `batch_size` is: a seed gives the same points with each.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      num_points: number of points.
      random_state: source of randomness.
      batch_size: of disentanglement_lib; it has no effect here.

    Returns:
      Codes float64 `[num_codes, num_points]` and factors `[num_factors, num_points]`.

    Raises:
      InputError: a number is not positive, or the codes are not finite or not one row per observation.
    """
    _checks.require_at_least(1, batch_size=batch_size)
    points = _draws.points(ground_truth_data, representation_function, num_points, random_state)
    return points.codes.T, points.factors.T


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
    return np.concatenate([_encoding.encode(representation_function, chunk) for chunk in chunks]).T


def split_train_test(observations: np.ndarray, train_percentage: float) -> tuple[np.ndarray, np.ndarray]:
    """Splits points into the first ones, to fit on, and the rest, to test on; the former are rounded up.

    Args:
      observations: codes or factors `[num_dimensions, num_points]`.
      train_percentage: share of points to fit on, in (0, 1).

    Raises:
      InputError: a part would be empty.
    """
    num_points = np.shape(observations)[1]
    num_train = int(np.ceil(num_points * train_percentage))
    if not 0 < num_train < num_points:
        message = (
            f"train_percentage {train_percentage} of {num_points} points leaves {num_train} to fit on; expected at "
        )
        raise InputError(message + "least one to fit on and one to test on: choose a share between 0 and 1.")
    return observations[:, :num_train], observations[:, num_train:]


def normalize_data(
    data: np.ndarray, mean: np.ndarray | None = None, stddev: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns rows of mean 0 and standard deviation 1, and what made them so.

    A row that is constant becomes 0 (NaN or infinite in disentanglement_lib).

    Args:
      data: `[num_dimensions, num_points]`.
      mean: `[num_dimensions]`, to subtract; None takes that of the data.
      stddev: `[num_dimensions]`, to divide by, 0 for what is to become 0; None takes that of the data (n in the
        denominator), exactly 0 for a constant row.

    Returns:
      The data `[num_dimensions, num_points]`, mean and standard deviation.
    """
    mean = np.mean(data, axis=1) if mean is None else mean
    if stddev is None:  # That of a constant row may be 1e-17, by rounding of its mean.
        stddev = np.where(np.ptp(data, axis=1) > 0, np.std(data, axis=1), 0.0)
    centered, scale = data - mean[:, None], np.broadcast_to(stddev[:, None], data.shape)
    return np.divide(centered, scale, out=np.zeros(data.shape), where=scale > 0), mean, stddev


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


@gin.register(denylist=["target", "num_bins"])  # A metric passes its own num_bins.
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
    return np.stack([_digitize(row, _left_edges(row, num_bins)) for row in rows])


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


def _digitize(row: np.ndarray, left_edges: np.ndarray) -> np.ndarray:
    """`np.digitize` by edges of equal distance, the first one the minimum: division in the place of a search."""
    if len(left_edges) == 1:
        return np.ones(len(row), np.int64)
    last = len(left_edges) - 1
    bins = ((row - left_edges[0]) / (left_edges[-1] - left_edges[0]) * last).astype(np.int64)
    np.clip(bins, 0, last, out=bins)
    bins -= row < left_edges[bins]  # An edge is rounded, and so is the division: by one bin at most.
    bins += row >= np.append(left_edges[1:], np.inf)[bins]
    return bins + 1
