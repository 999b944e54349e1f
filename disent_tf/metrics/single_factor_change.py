"""Single-factor-change metric: can a linear classifier tell which factor changed, by how the code changed?

M. Peychev, P. Veličković and P. Liò, "Quantifying the Effects of Enforcing Disentanglement on Variational Autoencoders"
(https://arxiv.org/abs/1711.09159), section 3.1.2, with the training of their code. The complement of `higgins`, where
one factor stays and all the others change. A rotation of a perfect code scores as high as the code itself.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _encoding, utils
from disent_tf.metrics._linear_classifier import Examples, accuracy, fit_by_adam

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_PAIRS_AT_ONCE = _encoding.IMAGES_PER_CALL // 2
_MOST_REDRAWS = 100  # Of the pairs that do not differ; more only for a factor that seldom shows.


class ChangedPairs(NamedTuple):
    """Codes of pairs of observations whose factors differ in one place."""

    first: np.ndarray  # float64 [num_pairs, num_codes]
    second: np.ndarray  # float64 [num_pairs, num_codes]
    changed: np.ndarray  # int64 [num_pairs]: which factor differs.


class ChangeAccuracy(NamedTuple):
    """How well the changed factor is told, by the weights at the end and by those of the best validation loss."""

    last: float  # The score, in [0, 1].
    best: float
    num_epochs: int
    validation_loss: float  # The best, nats.


def relative_change(first: npt.ArrayLike, second: npt.ArrayLike) -> np.ndarray:
    """Returns `|z_1 - z_2| / max_j |z_1j - z_2j|`, in [0, 1], of codes `[num_pairs, num_codes]`, of the same shape.

    Two equal codes, 0/0 in the authors' code, have changed by 0.

    Raises:
      InputError: the codes are not 2-d, not finite, or not as many of one as of the other.
    """
    first, second = (_checks.as_points(codes, "codes").astype(np.float64) for codes in (first, second))
    if first.shape != second.shape:
        raise InputError(f"codes of a pair have shapes {first.shape} and {second.shape}; expected the same.")
    change = np.abs(first - second)
    largest = change.max(axis=1, keepdims=True)
    return change / np.where(largest > 0, largest, 1.0)


def change_accuracy(
    train: ChangedPairs,
    validation: ChangedPairs,
    test: ChangedPairs,
    *,
    learning_rate: float = 1e-3,
    patience: int = 20,
    max_epochs: int = 20_000,
) -> ChangeAccuracy:
    """Returns how well softmax regression on `relative_change` tells the factor that changed.

    Trained by Adam, one step on all pairs an epoch, until the validation cross-entropy has not fallen for more than
    `patience` epochs. Weights start at 0, where the authors draw them: the loss is convex.

    Args:
      train: what to fit.
      validation: decides when to stop.
      test: what to score.
      learning_rate: of Adam.
      patience: epochs without improvement that training goes on for.
      max_epochs: where training stops in any case.

    Raises:
      InputError: codes do not fit together or are not finite, a number is not positive, or `patience` is negative.
    """
    _checks.require_at_least(1, max_epochs=max_epochs)
    _checks.require_at_least(0, patience=patience)
    if not learning_rate > 0:
        raise InputError(f"learning_rate is {learning_rate!r}; expected a number above 0, as 1e-3.")
    parts = (train, validation, test)
    factors = np.unique(np.concatenate([part.changed for part in parts]))
    examples = [
        Examples(relative_change(part.first, part.second), np.searchsorted(factors, part.changed)) for part in parts
    ]
    trained = fit_by_adam(
        examples[0],
        examples[1],
        len(factors),
        learning_rate=learning_rate,
        patience=patience,
        max_epochs=max_epochs,
    )
    last, best = (accuracy(weights, examples[2]) for weights in (trained.last, trained.best))
    return ChangeAccuracy(last, best, trained.num_epochs, trained.validation_loss)


@utils.protocol
def compute_single_factor_change(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 35_000,
    num_validation: int = 7_500,
    num_test: int = 7_500,
    *,
    changing_factors: Sequence[int] | None = None,
    learning_rate: float = 1e-3,
    patience: int = 20,
    max_epochs: int = 20_000,
) -> dict[str, float]:
    """Computes the single-factor-change metric of a representation.

    In a pair, a factor drawn from `changing_factors` takes another of its values; each is as likely as the data draws
    it. A pair whose observations are equal, such as a square turned by 90 degrees, gets another change, as in the
    authors' code; after 100 such draws it is kept. Where observations are codes (a `Representation`), equal codes are
    equal observations: a code that is exactly blind to a factor is then not asked about it.

    It encodes 100,000 observations. Training takes 10,000 epochs or more; a learning rate of 0.01 takes a third to a
    half of that and arrives at about the same accuracy.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for single_factor_change.npz, the changes and factors of the test pairs; None writes nothing.
      num_train: pairs to train on.
      num_validation: pairs that decide when to stop.
      num_test: pairs to test on.
      changing_factors: indices of factors; None for all but one that the data calls "shape".
      learning_rate: see `change_accuracy`.
      patience: see `change_accuracy`.
      max_epochs: see `change_accuracy`.

    Returns:
      test_accuracy, the score, by the weights at the end of training, chance being 1 / number of changing factors;
      best_test_accuracy, by those of the best validation loss; num_epochs; num_collisions, the pairs with equal codes;
      and num_train.

    Raises:
      InputError: a number is too small, fewer than two factors change, or the codes are not finite.
    """
    _checks.require_at_least(1, num_train=num_train, num_validation=num_validation, num_test=num_test)
    changing = _changing_factors(ground_truth_data, changing_factors)
    train, validation, test = (
        _draw(ground_truth_data, representation_function, random_state, changing, num)
        for num in (num_train, num_validation, num_test)
    )
    scores = change_accuracy(
        train, validation, test, learning_rate=learning_rate, patience=patience, max_epochs=max_epochs
    )
    changes = relative_change(test.first, test.second)
    utils.save_arrays(artifact_dir, "single_factor_change.npz", changes=changes, changed=test.changed)
    collisions = sum(np.all(part.first == part.second, axis=1).sum() for part in (train, validation, test))
    return {
        "test_accuracy": scores.last,
        "best_test_accuracy": scores.best,
        "num_epochs": scores.num_epochs,
        "num_collisions": int(collisions),
        "num_train": num_train,
    }


def _changing_factors(data: "GroundTruthData", chosen: Sequence[int] | None) -> np.ndarray:
    names = getattr(data, "factor_names", ())
    default = [factor for factor in range(data.num_factors) if factor >= len(names) or names[factor] != "shape"]
    changing = np.array(default if chosen is None else list(chosen))
    known = changing.dtype.kind in "iu" and np.all((changing >= 0) & (changing < data.num_factors))
    if not known or len(np.unique(changing)) != len(changing) or len(changing) < 2:
        message = f"the factors that change are {changing.tolist()}; expected two or more different indices below "
        raise InputError(message + f"{data.num_factors}: set changing_factors, or choose data with more factors.")
    return changing


def _draw(
    data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    changing: np.ndarray,
    num_pairs: int,
) -> ChangedPairs:
    """Draws and encodes pairs, as many at a time from images as from codes: a seed gives the same ones."""
    drawn = []
    for start in range(0, num_pairs, _PAIRS_AT_ONCE):
        num = min(_PAIRS_AT_ONCE, num_pairs - start)
        first, second, changed = _draw_observations(data, random_state, changing, num)
        codes = _encoding.encode(representation_function, np.concatenate([first, second]))
        drawn.append((*np.split(codes, 2), changed))
    return ChangedPairs(*map(np.concatenate, zip(*drawn, strict=True)))


def _draw_observations(
    data: "GroundTruthData", random_state: np.random.RandomState, changing: np.ndarray, num_pairs: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    factors = data.sample_factors(num_pairs, random_state)
    first = np.asarray(data.sample_observations_from_factors(factors, random_state))
    second, changed = first.copy(), np.zeros(num_pairs, np.int64)
    equal = np.arange(num_pairs)
    for _ in range(_MOST_REDRAWS):
        changed[equal], others = _change(data, factors[equal], random_state, changing)
        second[equal] = data.sample_observations_from_factors(others, random_state)
        differs = (first[equal] != second[equal]).reshape(len(equal), -1).any(axis=1)
        equal = equal[~differs]
        if not equal.size:
            break
    return first, second, changed


def _change(
    data: "GroundTruthData", factors: np.ndarray, random_state: np.random.RandomState, changing: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Returns which factor changes, `[num_pairs]`, and the factors `[num_pairs, num_factors]` with that one changed.

    The new value comes from factors that the data draws, whose range need not be known. It is drawn until it is
    another one; of a factor that has a single value it is not, and the pair stays as it is.
    """
    changed = changing[random_state.randint(len(changing), size=len(factors))]
    others = factors.copy()
    same = np.arange(len(factors))
    for _ in range(_MOST_REDRAWS):
        others[same, changed[same]] = data.sample_factors(len(same), random_state)[np.arange(len(same)), changed[same]]
        same = same[others[same, changed[same]] == factors[same, changed[same]]]
        if not same.size:
            break
    return changed, others
