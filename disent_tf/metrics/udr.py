"""Unsupervised disentanglement ranking: do models trained alike find the same codes?

S. Duan et al., "Unsupervised Model Selection for Variational Disentangled Representation Learning"
(https://arxiv.org/abs/1905.12614), section 4. It needs no factors, but several models.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import gin
import numpy as np
import numpy.typing as npt
import scipy.stats

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _lasso, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

RepresentationWithKL = Callable[[np.ndarray], tuple[npt.ArrayLike, npt.ArrayLike]]
"""Observations `[num, ...]` to codes `[num, num_codes]` and the KL divergence of every code `[num_codes]`, in nats."""

Form = Literal["paper", "dlib"]
Similarity = Literal["lasso", "spearman"]

_POINTS_AT_ONCE = 10
_ALPHA = 0.1  # Weight of the absolute values in the lasso, as in disentanglement_lib.
_HARD_CODED_KL = 0.01  # disentanglement_lib blanks codes below it, whatever its threshold is.


class Ranking(NamedTuple):
    """The scores of models and what they were computed from."""

    model_scores: np.ndarray  # [num_models]: median over the other models.
    pairwise: np.ndarray  # [num_models, num_models]; the codes of model j as told by those of model i. 0 for i = j.
    similarities: list[list[np.ndarray]]  # Of models i and j, [num_codes of i, num_codes of j]; 0 for i = j.


def relative_strength_disentanglement(corr_matrix: np.ndarray) -> float:
    """Returns how nearly a similarity matrix pairs codes off, by disentanglement_lib's form.

    The mean over columns of `max_a R(a, b)^2 / sum_a R(a, b)`, the same of the rows, and the mean of the two. A column
    of zeros or with a NaN counts 0. See `shared_disentanglement` for the form of the paper.

    Args:
      corr_matrix: similarities `[num_codes of one model, num_codes of another]`, not negative.
    """
    if corr_matrix.size == 0:
        return 0.0
    return float(np.mean([np.mean(_relative_strength(corr_matrix, axis)) for axis in (0, 1)]))


def shared_disentanglement(similarity: np.ndarray) -> float:
    """Returns how nearly a similarity matrix pairs informative codes off, in [0, 1] for similarities in [0, 1].

    `UDR_ij = (sum_b r_b^2 / sum_a R(a, b) + sum_a r_a^2 / sum_b R(a, b)) / (d_a + d_b)`, with the maxima `r` of columns
    and rows: the paper's equation, whose indicator of informative codes is here the choice of rows and columns. It
    differs from `relative_strength_disentanglement` where the models have unequal numbers of them.

    Args:
      similarity: between the informative codes of two models, `[d_a, d_b]`. Where a model has none the score is 0.
    """
    if similarity.size == 0:
        return 0.0
    return float(sum(_relative_strength(similarity, axis).sum() for axis in (0, 1)) / sum(similarity.shape))


def spearman_correlation_conv(vec1: npt.ArrayLike, vec2: npt.ArrayLike) -> np.ndarray:
    """Returns absolute rank correlations `[num_codes of vec1, num_codes of vec2]`; 0 for a constant code.

    Args:
      vec1: codes of one model, `[num_points, num_codes]`.
      vec2: codes of another on the same points; the number of codes may differ.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    vec1, vec2 = _checks.as_codes_and_factors(vec1, vec2)
    return _rank_correlations([vec1, vec2])[0][1]


def lasso_correlation_matrix(vec1: npt.ArrayLike, vec2: npt.ArrayLike, random_state: Any = None) -> np.ndarray:
    """Returns the absolute weights, `[num_codes of vec1, num_codes of vec2]`, of codes in a lasso that tells others.

    The lasso is scikit-learn's with alpha = 0.1, stopped where it stops by default; standardise the codes.

    Args:
      vec1: codes of one model, that others are told from, `[num_points, num_codes]`.
      vec2: codes of another on the same points; the number of codes may differ.
      random_state: of disentanglement_lib; the lasso draws nothing.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    del random_state
    return _lasso_weights(*_checks.as_codes_and_factors(vec1, vec2))


def rank_models(
    codes: Sequence[npt.ArrayLike],
    kl: Sequence[npt.ArrayLike],
    *,
    correlation_matrix: Similarity = "lasso",
    filter_low_kl: bool = True,
    kl_filter_threshold: float = 0.01,
    form: Form = "paper",
) -> Ranking:
    """Returns the unsupervised disentanglement ranking of models.

    Args:
      codes: of every model on the same points, `[num_points, num_codes]`; numbers of codes may differ.
      kl: of every model, the KL divergence of each code from its prior, in nats, `[num_codes]`.
      correlation_matrix: how similar codes are: by "lasso" or by "spearman".
      filter_low_kl: whether codes of low KL have no say.
      kl_filter_threshold: a code above it is informative, in nats.
      form: "paper", or "dlib" for the numbers of disentanglement_lib: it averages rows and columns apart, and blanks
        codes with a KL of 0.01 or less whatever the threshold; a rank correlation with one is NaN there.

    Returns:
      The ranking. A pair in which a model has no informative code scores 0.

    Raises:
      InputError: there are fewer than two models, arrays that do not fit together or are not finite, or an option is
        not one of those above.
    """
    _require_options(correlation_matrix, form)
    points = [_checks.as_points(model, f"codes of model {number}") for number, model in enumerate(codes)]
    divergences = _checked_kl(points, kl)
    informative = [
        divergence > kl_filter_threshold if filter_low_kl else np.isfinite(divergence) for divergence in divergences
    ]
    seen = informative if form == "paper" else [divergence > _HARD_CODED_KL for divergence in divergences]
    points = [_standardized(model) * kept for model, kept in zip(points, seen, strict=True)]
    similarities = _similarities(points, correlation_matrix, undefined=np.nan if form == "dlib" else 0.0)
    score = shared_disentanglement if form == "paper" else relative_strength_disentanglement
    pairwise = np.zeros((len(points), len(points)))
    for i, j in np.argwhere(~np.eye(len(points), dtype=bool)):
        pairwise[i, j] = score(similarities[i][j][np.ix_(informative[i], informative[j])])
    others = [np.delete(column, j) for j, column in enumerate(pairwise.T)]
    return Ranking(np.median(others, axis=1), pairwise, similarities)


@gin.register(denylist=["ground_truth_data", "representation_functions", "random_state"])
def compute_udr_sklearn(
    ground_truth_data: "GroundTruthData",
    representation_functions: Sequence[RepresentationWithKL],
    random_state: np.random.RandomState,
    batch_size: int = 10,
    num_data_points: int = 1_000,
    correlation_matrix: Similarity = "lasso",
    filter_low_kl: bool = True,
    include_raw_correlations: bool = True,
    kl_filter_threshold: float = 0.01,
    *,
    form: Form = "paper",
) -> dict[str, list]:
    """Computes the unsupervised disentanglement ranking of models.

    Args:
      ground_truth_data: what to draw from.
      representation_functions: one for each model: observations to codes and the KL divergence of every code.
      random_state: source of randomness.
      batch_size: of disentanglement_lib; it has no effect here: 10 points are drawn and encoded at a time, as by
        default there.
      num_data_points: number of points; at a remainder the last batch is smaller.
      correlation_matrix: see `rank_models`.
      filter_low_kl: see `rank_models`.
      include_raw_correlations: whether the result has raw_correlations.
      kl_filter_threshold: see `rank_models`.
      form: see `rank_models`.

    Returns:
      Nested lists: model_scores `[num_models]`, pairwise_disentanglement_scores `[num_models, num_models, 1]`, and
      raw_correlations `[num_models][num_models][num_codes of the one][num_codes of the other]`.

    Raises:
      InputError: as `rank_models`, or a number is not positive, or a function does not return codes and KL.
    """
    _checks.require_at_least(1, batch_size=batch_size)
    _checks.require_at_least(2, num_data_points=num_data_points)
    _require_several(len(representation_functions))
    codes, kl = _encoded(ground_truth_data, representation_functions, random_state, num_data_points)
    ranking = rank_models(
        codes,
        kl,
        correlation_matrix=correlation_matrix,
        filter_low_kl=filter_low_kl,
        kl_filter_threshold=kl_filter_threshold,
        form=form,
    )
    scores = {
        "model_scores": ranking.model_scores.tolist(),
        "pairwise_disentanglement_scores": ranking.pairwise[..., None].tolist(),
    }
    if include_raw_correlations:
        scores["raw_correlations"] = [[block.tolist() for block in row] for row in ranking.similarities]
    return scores


def _encoded(
    data: Any, functions: Sequence[RepresentationWithKL], random_state: np.random.RandomState, num: int
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Returns the codes of every model and the means of its KL divergences."""
    codes: list[list[np.ndarray]] = [[] for _ in functions]
    kl: list[list[np.ndarray]] = [[] for _ in functions]
    sizes = [min(_POINTS_AT_ONCE, num - start) for start in range(0, num, _POINTS_AT_ONCE)]
    for size in sizes:
        observations = data.sample_observations(size, random_state)
        for model, function in enumerate(functions):
            result = function(observations)
            if not isinstance(result, tuple) or len(result) != 2:
                message = f"representation function {model} returned no pair; expected codes [num, num_codes] and the "
                raise InputError(message + "KL divergence of each code [num_codes]: return both.")
            codes[model].append(np.asarray(result[0], np.float64))
            kl[model].append(np.asarray(result[1], np.float64))
    return [np.concatenate(chunks) for chunks in codes], [np.average(chunks, axis=0, weights=sizes) for chunks in kl]


def _require_options(correlation_matrix: str, form: str) -> None:
    for name, value, allowed in (
        ("correlation_matrix", correlation_matrix, ("lasso", "spearman")),
        ("form", form, ("paper", "dlib")),
    ):
        if value not in allowed:
            raise InputError(f"{name} is {value!r}; expected one of {allowed}: choose one of them.")


def _checked_kl(points: Sequence[np.ndarray], kl: Sequence[npt.ArrayLike]) -> list[np.ndarray]:
    _require_several(len(points))
    divergences = [np.asarray(divergence, np.float64) for divergence in kl]
    shapes = [model.shape[1:] for model in points]
    if [divergence.shape for divergence in divergences] != shapes or len({len(model) for model in points}) > 1:
        message = f"codes of {[model.shape for model in points]} and KL of {[each.shape for each in divergences]} "
        raise InputError(message + "do not fit; expected [num_points, num_codes] and [num_codes] for every model.")
    for divergence in divergences:
        _checks.as_points(divergence[None], "KL divergences")
    return divergences


def _standardized(codes: np.ndarray) -> np.ndarray:
    return utils.normalize_data(codes.T)[0].T


def _similarities(points: list[np.ndarray], kind: str, undefined: float) -> list[list[np.ndarray]]:
    blocks = _rank_correlations(points, undefined) if kind == "spearman" else _lasso_blocks(points)
    for model in range(len(points)):
        blocks[model][model] = np.zeros_like(blocks[model][model])
    return blocks


def _rank_correlations(points: list[np.ndarray], undefined: float = 0.0) -> list[list[np.ndarray]]:
    """Returns blocks of absolute rank correlations for every pair of models; `undefined` with a constant code."""
    ranks = _standardized(scipy.stats.rankdata(np.hstack(points), axis=0))
    correlations = np.minimum(np.abs(ranks.T @ ranks) / len(ranks), 1.0)
    constant = np.all(ranks == 0, axis=0)
    correlations[np.logical_or.outer(constant, constant)] = undefined
    return [_split(rows, points, axis=1) for rows in _split(correlations, points, axis=0)]


def _lasso_blocks(points: list[np.ndarray]) -> list[list[np.ndarray]]:
    targets = np.hstack(points)
    return [_split(_lasso_weights(model, targets), points, axis=1) for model in points]


def _lasso_weights(codes: np.ndarray, targets: np.ndarray) -> np.ndarray:
    return np.abs(_lasso.weights(codes - codes.mean(axis=0), targets - targets.mean(axis=0), _ALPHA))


def _split(matrix: np.ndarray, points: list[np.ndarray], axis: int) -> list[np.ndarray]:
    ends = np.cumsum([model.shape[1] for model in points])
    return np.split(matrix, ends[:-1], axis=axis)


def _relative_strength(similarity: np.ndarray, axis: int) -> np.ndarray:
    total = similarity.sum(axis=axis)
    return np.divide(similarity.max(axis=axis) ** 2, total, out=np.zeros(total.shape), where=total > 0)


def _require_several(num_models: int) -> None:
    if num_models < 2:
        raise InputError(f"the number of models is {num_models}; a model is ranked by the others: give two or more.")
