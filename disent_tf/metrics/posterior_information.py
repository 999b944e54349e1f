"""Information between codes and factors by the posteriors of a model: what a sample of a code tells of a factor.

R. T. Q. Chen et al., "Isolating Sources of Disentanglement in Variational Autoencoders" (https://arxiv.org/abs/1802.04942),
section 4.1, and Y. Dubois et al., "Understanding Disentangling in VAE": over the full grid of factor values, with
`q(z_j) = 1/N sum_n q(z_j | x_n)`,

    I(z_j; v_k) = H(z_j) - H(z_j | v_k),  the second the mean over the values of v_k of the entropies of q(z_j | v_k).

Two estimators of the entropies of these mixtures: from samples of z, as the papers do, and by quadrature on a grid, to
which the samples converge, without their noise and thousands of times faster on dSprites.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import gin
import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks
from disent_tf.metrics._mixture_entropy import mixture_entropy, mixture_grid
from disent_tf.metrics.axis_alignment import axis_alignment
from disent_tf.metrics.representation import Representation

_RESOLUTION = 1e-5  # Nats: what the quadrature cannot tell from 0.
_LARGEST_LOG_VAR = 200.0
_PAIRS_AT_ONCE = 1 << 17  # Densities of a sample under a posterior: 1 MiB, which a cache holds.


class PosteriorInformation(NamedTuple):
    """Information between codes and factors, and what it was computed from; in nats."""

    mutual_information: np.ndarray  # [num_codes, num_factors]; estimates from samples may be negative.
    entropy: np.ndarray  # [num_factors]: of the factors, uniform on the grid.
    code_entropy: np.ndarray  # [num_codes]: differential, H(z_j).
    conditional_entropy: np.ndarray  # [num_codes, num_factors]: H(z_j | v_k).


@gin.register(denylist=["posteriors", "random_state"])
def compute_posterior_information(
    posteriors: Representation,
    random_state: np.random.RandomState,
    estimator: Literal["quadrature", "samples"] = "quadrature",
    num_samples: int = 10_000,
    *,
    legacy: bool = False,
) -> dict[str, Any]:
    """Returns AAM and MMIG (Dubois et al., equations 2 and 3) and MIG (Chen et al. 2018) of the posteriors of a model.

    Chen et al. leave the shape of dSprites out; here every factor that varies counts. The factors of a full grid are
    independent, so that MMIG equals MIG.

    Args:
      posteriors: of a full grid: its codes are the means of normal posteriors and then the logarithms of their
        variances, `[num_rows, 2 * latent_dim]`.
      random_state: of the samples; the quadrature draws nothing.
      estimator: "quadrature", about a second per 100,000 images; or "samples", the papers', hours for dSprites.
      num_samples: of each code, for each entropy, by "samples".
      legacy: as `sampled_information`; the keys then end in "_samples_legacy".

    Returns:
      aam, mmig and mig, each with the name of the estimator after it, as in aam_quadrature; and what they depend on:
      num_images and, by samples, num_samples.

    Raises:
      InputError: an argument cannot be used, or a posterior is too narrow for a grid.
    """
    if estimator not in ("quadrature", "samples"):
        raise InputError(f"estimator is {estimator!r}; expected 'quadrature' or 'samples'.")
    _checks.require_at_least(1, num_samples=num_samples)
    if legacy and estimator != "samples":
        raise InputError("legacy mixes up samples, and the quadrature has none; set estimator='samples' or leave it.")
    means, log_vars = np.split(posteriors[np.arange(len(posteriors))], 2, axis=1)
    depends: dict[str, int] = {"num_images": len(means)}
    if estimator == "samples":
        sizes = posteriors.factor_sizes
        information = sampled_information(means, log_vars, sizes, random_state, num_samples, legacy=legacy)
        depends["num_samples"] = num_samples
    else:
        information = quadrature_information(means, log_vars, posteriors.factor_sizes)
    scores = axis_alignment(information.mutual_information, information.entropy)
    name = estimator + ("_legacy" if legacy else "")
    return {f"aam_{name}": scores.aam, f"mmig_{name}": scores.mmig, f"mig_{name}": scores.mig, **depends}


def quadrature_information(
    means: npt.ArrayLike, log_vars: npt.ArrayLike, factor_sizes: Sequence[int]
) -> PosteriorInformation:
    """Returns the information by quadrature: what infinitely many samples would give, to about 1e-5 nats.

    Information below that is returned as 0.

    Args:
      means: of the normal posteriors, `[num_rows, num_codes]`, for all rows of the factor grid in C order.
      log_vars: logarithms of their variances, of the same shape.
      factor_sizes: number of values of each factor.

    Raises:
      InputError: the arrays do not fit together or are not finite, or a posterior is too narrow for a grid.
    """
    means, log_vars = _checked(means, log_vars, factor_sizes)
    subsets = _rows_of_values(factor_sizes)

    def entropies_of(mean: np.ndarray, log_var: np.ndarray) -> np.ndarray:
        grid = mixture_grid(mean, 0.5 * log_var)
        parts = [np.mean([mixture_entropy(grid, rows) for rows in values]) for values in subsets]
        return np.array([mixture_entropy(grid), *parts])

    entropies = np.stack([entropies_of(mean, log_var) for mean, log_var in zip(means.T, log_vars.T, strict=True)])
    information = _information(entropies, factor_sizes)
    known = information.mutual_information
    return information._replace(mutual_information=np.where(known < _RESOLUTION, 0.0, known))


def sampled_information(
    means: npt.ArrayLike,
    log_vars: npt.ArrayLike,
    factor_sizes: Sequence[int],
    random_state: np.random.RandomState,
    num_samples: int = 10_000,
    *,
    legacy: bool = False,
) -> PosteriorInformation:
    """Returns the information estimated from samples of the posteriors, one of each.

    Every entropy is the mean of -ln q(z_j) over the samples of at most `num_samples` rows, drawn anew for each. It
    computes `num_samples * num_rows * num_codes * (1 + num_factors)` densities.

    Args:
      means: see `quadrature_information`.
      log_vars: likewise.
      factor_sizes: number of values of each factor.
      random_state: source of randomness.
      num_samples: rows of which each entropy takes the samples.
      legacy: mix up the dimensions of the samples as the code of Dubois et al. does; see `information_of_samples`.

    Raises:
      InputError: as `quadrature_information`, but posteriors may be narrow; or `num_samples` is not positive.
    """
    _checks.require_at_least(1, num_samples=num_samples)
    means, log_vars = _checked(means, log_vars, factor_sizes)
    samples = means + np.exp(0.5 * log_vars) * random_state.standard_normal(means.shape)

    def choose(num_rows: int) -> np.ndarray:
        return random_state.permutation(num_rows)[:num_samples]

    return information_of_samples(samples, means, log_vars, factor_sizes, choose, legacy=legacy)


def information_of_samples(
    samples: npt.ArrayLike,
    means: npt.ArrayLike,
    log_vars: npt.ArrayLike,
    factor_sizes: Sequence[int],
    choose: Callable[[int], np.ndarray],
    *,
    legacy: bool = False,
) -> PosteriorInformation:
    """Returns the information estimated from given samples of the posteriors.

    Args:
      samples: one of each posterior, `[num_rows, num_codes]`.
      means: see `quadrature_information`.
      log_vars: likewise.
      factor_sizes: number of values of each factor.
      choose: the number of rows of a mixture -> which of them an entropy takes the samples of; it is asked first for
        H(z), then for each value of each factor.
      legacy: read the chosen samples `[num, num_codes]` as if they were `[num_codes, num]`, as the code of Dubois et
        al. does where it means to transpose them. Each code is then looked up with the samples of others, and the
        scores say little.

    Raises:
      InputError: as `quadrature_information`, but posteriors may be narrow.
    """
    means, log_vars = _checked(means, log_vars, factor_sizes)
    samples = _checks.as_points(samples, "samples").astype(np.float64)
    if samples.shape != means.shape:
        message = f"samples have shape {samples.shape} and means {means.shape}; expected the same: "
        raise InputError(message + "pass one sample of each posterior.")

    def entropies_of(rows: np.ndarray) -> np.ndarray:
        chosen = samples[rows[choose(len(rows))]]
        by_code = chosen.reshape(chosen.shape[::-1]) if legacy else chosen.T
        columns = zip(by_code, means[rows].T, log_vars[rows].T, strict=True)
        return np.array([-_log_density(*column).mean() for column in columns])

    everything = entropies_of(np.arange(len(means)))
    parts = [np.mean([entropies_of(rows) for rows in values], axis=0) for values in _rows_of_values(factor_sizes)]
    return _information(np.stack([everything, *parts], axis=1), factor_sizes)


def _log_density(points: np.ndarray, means: np.ndarray, log_vars: np.ndarray) -> np.ndarray:
    """Returns the log density at points `[num]` of the mixture, in equal parts, of normals `[num_components]`."""
    half_precisions = 0.5 * np.exp(-log_vars)
    log_heights = -0.5 * (math.log(2.0 * math.pi) + log_vars) - math.log(len(means))
    step = max(1, _PAIRS_AT_ONCE // len(means))
    chunks = [points[start : start + step, None] for start in range(0, len(points), step)]
    return np.concatenate([_log_sum(log_heights - half_precisions * (chunk - means) ** 2) for chunk in chunks])


def _log_sum(logs: np.ndarray) -> np.ndarray:
    """Returns ln sum exp of every row; a third of the time of SciPy's, which is prepared for infinities."""
    largest = logs.max(axis=1, keepdims=True)
    logs -= largest
    return np.log(np.exp(logs, out=logs).sum(axis=1)) + largest[:, 0]


def _rows_of_values(factor_sizes: Sequence[int]) -> list[list[np.ndarray]]:
    """Returns, for every factor and each of its values, the rows of the grid that have it."""
    rows = np.arange(math.prod(factor_sizes)).reshape(factor_sizes)
    return [[part.ravel() for part in np.moveaxis(rows, factor, 0)] for factor in range(rows.ndim)]


def _information(entropies: np.ndarray, factor_sizes: Sequence[int]) -> PosteriorInformation:
    """Returns the information of entropies `[num_codes, 1 + num_factors]`: of the codes, then given each factor."""
    code_entropy, conditional = entropies[:, 0], entropies[:, 1:]
    of_factors = np.log(np.array(factor_sizes, np.float64))
    return PosteriorInformation(code_entropy[:, None] - conditional, of_factors, code_entropy, conditional)


def _checked(
    means: npt.ArrayLike, log_vars: npt.ArrayLike, factor_sizes: Sequence[int]
) -> tuple[np.ndarray, np.ndarray]:
    means = _checks.as_points(means, "means").astype(np.float64)
    log_vars = _checks.as_points(log_vars, "log_vars").astype(np.float64)
    num_rows = math.prod(factor_sizes)
    if means.shape != log_vars.shape or len(means) != num_rows:
        message = f"means have shape {means.shape} and log_vars {log_vars.shape}; expected the same, with one row for "
        raise InputError(message + f"each of the {num_rows} rows of the grid {tuple(factor_sizes)}, in C order.")
    if np.abs(log_vars).max() > _LARGEST_LOG_VAR:
        message = f"log_vars reach {log_vars.flat[np.abs(log_vars).argmax()]:.4g}; expected logarithms of variances, "
        raise InputError(message + f"within {_LARGEST_LOG_VAR:g} of 0: check that training did not diverge.")
    return means, log_vars
