"""Unified scores: what do the aggregations of DCI, MIG, SAP and modularity say of each other's matrices?

A matrix relates codes to factors and an aggregation makes a score of it; each of those metrics is one pair of the two.
After disentanglement_lib; every other pair says whether metrics differ by what they measure or by how they sum it up.
"""

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gin
import numpy as np
import numpy.typing as npt
import scipy.sparse

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _predictors, dci, mig, modularity_explicitness, sap_score, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

MatrixFunction = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]
"""Codes `[num_codes, num_points]` and factors `[num_factors, num_points]` to fit on, the same to test on, to
`[num_codes, num_factors]`: how much each code tells of each factor, not negative."""

_GIVEN = ["mus_train", "ys_train", "mus_test", "ys_test"]


@gin.register(denylist=_GIVEN)
def mutual_information_matrix(
    mus_train: np.ndarray,
    ys_train: np.ndarray,
    mus_test: np.ndarray,
    ys_test: np.ndarray,
    *,
    discretizer_fn: utils.Discretizer = utils.histogram_discretize,
    num_bins: int = 20,
) -> np.ndarray:
    """Returns the mutual information of discretised codes and factors, in nats, `[num_codes, num_factors]`.

    Args:
      mus_train: codes `[num_codes, num_points]`.
      ys_train: factors `[num_factors, num_points]`.
      mus_test: not used.
      ys_test: not used.
      discretizer_fn: codes `[num_codes, num_points]` and number of bins to labels of the same shape.
      num_bins: bins per code.
    """
    del mus_test, ys_test
    return utils.discrete_mutual_info(utils.make_discretizer(mus_train, num_bins, discretizer_fn), ys_train)


@gin.register(denylist=_GIVEN)
def importance_gbt_matrix(
    mus_train: np.ndarray,
    ys_train: np.ndarray,
    mus_test: np.ndarray,
    ys_test: np.ndarray,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    seed: int = 0,
    num_jobs: int = -1,
) -> np.ndarray:
    """Returns the importance of codes for boosted trees, `[num_codes, num_factors]`; a column sums to 1, or is 0.

    Args:
      mus_train: codes `[num_codes, num_points]`.
      ys_train: factors `[num_factors, num_points]`.
      mus_test: not used.
      ys_test: not used.
      predictor_fn: makes a classifier that tells importances.
      seed: which of equally good splits the trees take.
      num_jobs: processes at once, -1 for one per core; the matrix does not depend on it.
    """
    del mus_test, ys_test
    points = np.transpose(mus_train), np.transpose(ys_train)
    models = _predictors.fit_per_factor(predictor_fn, *points, np.random.RandomState(seed), num_jobs)
    return _predictors.importance_matrix(models)


@gin.register(denylist=_GIVEN)
def accuracy_svm_matrix(
    mus_train: np.ndarray, ys_train: np.ndarray, mus_test: np.ndarray, ys_test: np.ndarray
) -> np.ndarray:
    """Returns the test accuracy of a linear support vector machine on one code, `[num_codes, num_factors]`.

    Args:
      mus_train: codes `[num_codes, num_points]` to fit on.
      ys_train: their factors `[num_factors, num_points]`.
      mus_test: codes to test on.
      ys_test: their factors.
    """
    return sap_score.compute_score_matrix(mus_train, ys_train, mus_test, ys_test, continuous_factors=False)


_MATRICES: tuple[MatrixFunction, ...] = (mutual_information_matrix, accuracy_svm_matrix, importance_gbt_matrix)


def aggregation_dci(matrix: np.ndarray, ys: Any = None) -> dict[str, float]:
    """Returns DCI's disentanglement (also as dci) and completeness of a matrix, and each per code or factor.

    Args:
      matrix: `[num_codes, num_factors]`, not negative.
      ys: not used.
    """
    del ys
    disentanglement = float(dci.disentanglement(matrix))
    return {
        "dci_disentanglement": disentanglement,
        "dci_completeness": float(dci.completeness(matrix)),
        "dci": disentanglement,
        **_numbered("dci_disentanglement.code", dci.disentanglement_per_code(matrix)),
        **_numbered("dci_completeness.code", dci.completeness_per_factor(matrix)),  # Factors, under the peer's key.
    }


def aggregation_mig(matrix: np.ndarray, ys_train: np.ndarray) -> dict[str, float]:
    """Returns MIG's gap of a matrix, over the entropy of each factor in nats, and that of each factor which varies.

    Args:
      matrix: `[num_codes, num_factors]`, not negative. A single code is compared with zeros.
      ys_train: factors `[num_factors, num_points]`.

    Raises:
      InputError: no factor varies.
    """
    gaps = mig.gap_per_factor(matrix, utils.discrete_entropy(ys_train))
    return {"mig": float(np.nanmean(gaps)), **_numbered("mig.factor", gaps)}


def aggregation_sap(matrix: np.ndarray, ys: Any = None) -> dict[str, float]:
    """Returns SAP's gap of a matrix, the best minus the second best code, and that of each factor.

    Args:
      matrix: `[num_codes, num_factors]`, not negative. A single code is compared with zeros.
      ys: not used.
    """
    del ys
    gaps = mig.gap_per_factor(matrix, np.ones(matrix.shape[1]))
    return {"sap": float(np.mean(gaps)), **_numbered("sap.factor", gaps)}


def aggregation_modularity(matrix: np.ndarray, ys: Any = None) -> dict[str, float]:
    """Returns modularity of a matrix and that of each code.

    Args:
      matrix: `[num_codes, num_factors]`, not negative.
      ys: not used.
    """
    del ys
    per_code = modularity_explicitness.modularity_per_code(matrix)
    return {"modularity": modularity_explicitness.modularity(matrix), **_numbered("modularity.code", per_code)}


def pr_curves_values(matrix: np.ndarray) -> dict[str, float]:
    """Returns how many groups of related codes and factors a matrix falls into when small entries are cut.

    Args:
      matrix: `[num_codes, num_factors]`, not negative. Entries of a threshold or more, and not 0, are the edges of a
        graph; the number of its components with an edge is called precision.

    Returns:
      area_precision, the area under precision over the thresholds from the smallest entry to the largest, and
      max_precision.
    """
    thresholds = np.sort(matrix, axis=None)[::-1]
    precisions = np.array([_num_components((matrix >= threshold) & (matrix != 0)) for threshold in thresholds])
    area = -np.sum((precisions[1:] + precisions[:-1]) * np.diff(thresholds)) / 2
    return {"area_precision": float(area), "max_precision": int(precisions.max())}


def unified_scores(
    mus_train: np.ndarray,
    ys_train: np.ndarray,
    mus_test: np.ndarray,
    ys_test: np.ndarray,
    matrix_fns: Sequence[MatrixFunction] = _MATRICES,
    artifact_dir: str | os.PathLike[str] | None = None,
) -> dict[str, float]:
    """Returns every aggregation of every matrix.

    Args:
      mus_train: codes `[num_codes, num_points]` to fit on.
      ys_train: their factors `[num_factors, num_points]`.
      mus_test: codes to test on.
      ys_test: their factors.
      matrix_fns: what makes the matrices; their names become part of the keys.
      artifact_dir: folder for unified_scores.npz, the matrices by name; None writes nothing.

    Returns:
      `<name of the matrix>.<key>` for every key of the aggregations and of `pr_curves_values`.

    Raises:
      InputError: two functions have one name, or a matrix is not `[num_codes, num_factors]`, finite and not negative.
    """
    matrices = {_name(function): function(mus_train, ys_train, mus_test, ys_test) for function in matrix_fns}
    if not len(matrices) == len(matrix_fns) > 0:
        message = f"matrix_fns are named {[_name(function) for function in matrix_fns]}; expected one name or more, "
        raise InputError(message + "each once: give functions of different names.")
    scores: dict[str, float] = {}
    for name, matrix in matrices.items():
        _require_matrix(name, matrix, (len(mus_train), len(ys_train)))
        of_matrix = aggregation_dci(matrix) | aggregation_mig(matrix, ys_train) | aggregation_sap(matrix)
        of_matrix |= aggregation_modularity(matrix) | pr_curves_values(matrix)
        scores |= {f"{name}.{key}": score for key, score in of_matrix.items()}
    utils.save_arrays(artifact_dir, "unified_scores.npz", **matrices)
    return scores


@utils.protocol
def compute_unified_scores(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test: int = 5_000,
    matrix_fns: Sequence[MatrixFunction] = _MATRICES,
    batch_size: int = 16,
) -> dict[str, float]:
    """Computes the unified scores of a representation.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: see `unified_scores`.
      num_train: points to fit on.
      num_test: points to test on.
      matrix_fns: what makes the matrices; by default `mutual_information_matrix` (of MIG and modularity),
        `accuracy_svm_matrix` (of SAP) and `importance_gbt_matrix` (of DCI, which is slow).
      batch_size: of disentanglement_lib; it has no effect here.

    Returns:
      The keys of `unified_scores`.

    Raises:
      InputError: as `unified_scores`, or a number is not positive, the codes are not finite, or no factor varies.
    """
    _checks.require_at_least(1, num_train=num_train, num_test=num_test, batch_size=batch_size)
    points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, num_train, num_test)
    train, test = (points.codes_train.T, points.factors_train.T), (points.codes_test.T, points.factors_test.T)
    return unified_scores(*train, *test, matrix_fns, artifact_dir)


@gin.register(denylist=["observations", "labels", "representation_function"])
def compute_unified_score_on_fixed_data(
    observations: np.ndarray,
    labels: npt.ArrayLike,
    representation_function: utils.RepresentationFunction,
    train_percentage: float = 0.9,
    matrix_fns: Sequence[MatrixFunction] = _MATRICES,
    batch_size: int = 100,
) -> dict[str, float]:
    """Computes the unified scores on given observations.

    Args:
      observations: `[num_points, ...]`.
      labels: their factors `[num_factors, num_points]`.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      train_percentage: share of the points, the first ones, to fit on.
      matrix_fns: see `compute_unified_scores`.
      batch_size: observations per call of the representation function.

    Returns:
      The keys of `unified_scores`.

    Raises:
      InputError: as `compute_unified_scores`, the labels do not fit the observations, or a part would be empty.
    """
    mus = utils.obtain_representation(observations, representation_function, batch_size)
    codes, factors = _checks.as_codes_and_factors(mus.T, np.transpose(labels))
    mus_train, mus_test = utils.split_train_test(codes.T, train_percentage)
    ys_train, ys_test = utils.split_train_test(factors.T, train_percentage)
    return unified_scores(mus_train, ys_train, mus_test, ys_test, matrix_fns)


def _numbered(name: str, values: np.ndarray) -> dict[str, float]:
    """Returns values by number; one that is not defined, NaN, has no key."""
    return {f"{name}_{number}": float(value) for number, value in enumerate(values) if not np.isnan(value)}


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)


def _require_matrix(name: str, matrix: np.ndarray, shape: tuple[int, int]) -> None:
    _checks.as_points(matrix, f"entries of {name}")
    if matrix.shape != shape or np.any(matrix < 0):
        message = f"{name} has shape {matrix.shape} and the smallest entry {np.min(matrix)}; expected {shape}, "
        raise InputError(message + "[num_codes, num_factors], and nothing below 0: return how much each code tells.")


def _num_components(edges: np.ndarray) -> int:
    """Returns how many components with an edge a bipartite graph `[num_codes, num_factors]` has."""
    graph = scipy.sparse.block_array([[None, edges], [edges.T, None]])
    num_components, _ = scipy.sparse.csgraph.connected_components(graph, directed=False)
    isolated = np.count_nonzero(~edges.any(axis=0)) + np.count_nonzero(~edges.any(axis=1))
    return num_components - isolated
