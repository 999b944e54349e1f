"""Do metrics agree? Spearman's rank correlation between metrics over a table of models.

F. Locatello et al., "Challenging Common Assumptions in the Unsupervised Learning of Disentangled Representations"
(https://arxiv.org/abs/1811.12359): the correlation of ranks, of which equal scores get the average.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import special, stats

from disent_tf.errors import InputError


class RankCorrelation(NamedTuple):
    """Correlations between the rows of a table; symmetric matrices `[num_metrics, num_metrics]`."""

    names: tuple[str, ...]
    correlation: np.ndarray  # In [-1, 1]; NaN where it is not defined.
    p_values: np.ndarray  # Two-sided, of no correlation; NaN where it is not defined.
    num_models: np.ndarray  # int: that have both scores.


def rank_correlation(
    table: Mapping[str, Sequence[float]] | npt.ArrayLike, names: Sequence[str] | None = None
) -> RankCorrelation:
    """Returns Spearman's rank correlation between every two metrics.

    Each pair is correlated over the models that have both scores. The correlation is NaN where these are fewer than
    two, or all the same in one of the metrics: they have no ranks. The p-value is that of Student's t distribution
    with two degrees of freedom fewer than models, an approximation for fewer than about 10 of them, NaN below three.

    Args:
      table: scores of every model by the name of the metric, or an array `[num_models, num_metrics]`; the models are
        the same for all metrics, in the same order. NaN for a score that is missing.
      names: of the columns of an array.

    Raises:
      InputError: there is no score, one is infinite, or metrics have different numbers of them or of names.
    """
    names, scores = _columns(table, names)
    num_metrics = len(names)
    correlation, p_values = np.full((2, num_metrics, num_metrics), np.nan)
    num_models = np.zeros((num_metrics, num_metrics), np.int64)
    for first in range(num_metrics):
        for second in range(first + 1):
            both = scores[:, [first, second]]
            both = both[~np.isnan(both).any(axis=1)]
            result = len(both), *_spearman(both)
            for matrix, value in zip((num_models, correlation, p_values), result, strict=True):
                matrix[first, second] = matrix[second, first] = value
    return RankCorrelation(names, correlation, p_values, num_models)


def _spearman(both: np.ndarray) -> tuple[float, float]:
    """Returns correlation and p-value of scores `[num_models, 2]`."""
    if len(both) < 2 or np.any(np.ptp(both, axis=0) == 0):
        return np.nan, np.nan
    ranks = stats.rankdata(both, axis=0) - (len(both) + 1) / 2
    correlation = float(np.clip(ranks[:, 0] @ ranks[:, 1] / np.sqrt(np.prod(np.sum(ranks**2, axis=0))), -1.0, 1.0))
    freedom = len(both) - 2
    if freedom == 0:
        return correlation, np.nan
    # Two tails of Student's t at correlation * sqrt(freedom / (1 - correlation^2)), which also stands for -1 and 1.
    return correlation, float(special.betainc(freedom / 2, 0.5, 1.0 - correlation**2))


def _columns(
    table: Mapping[str, Sequence[float]] | npt.ArrayLike, names: Sequence[str] | None
) -> tuple[tuple[str, ...], np.ndarray]:
    if isinstance(table, Mapping):
        if not table:
            raise InputError("the table holds no metric; expected scores by name: give a column for each metric.")
        lengths = {name: len(scores) for name, scores in table.items()}
        if len(set(lengths.values())) > 1:
            message = f"metrics have different numbers of scores ({lengths}); expected one per model: "
            raise InputError(message + "put NaN where a model has no score.")
        names, table = list(table), np.array(list(table.values()), np.float64).T
    scores = np.asarray(table, np.float64)
    if scores.ndim != 2 or scores.size == 0:
        message = f"the table has shape {scores.shape}; expected [num_models, num_metrics], neither of them 0: "
        raise InputError(message + "give a column of scores for each metric.")
    if names is None or len(names) != scores.shape[1] or len(set(names)) < len(names):
        message = f"names are {names!r} for {scores.shape[1]} metrics; expected another one for each: "
        raise InputError(message + "name every column.")
    if np.isinf(scores).any():
        raise InputError("the table holds infinite scores; expected numbers, or NaN for a missing one: leave them out.")
    return tuple(names), scores
