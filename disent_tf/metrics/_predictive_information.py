"""What linear classifiers tell of factors: predictive V-information, per factor.

Y. Xu et al., "A Theory of Usable Information under Computational Constraints" (https://arxiv.org/abs/2002.10689), with
V the multinomial logistic regressions, not penalised: `1 - H_V(v_k | z) / H(v_k)`, `H_V` their smallest cross-entropy.
"""

from typing import NamedTuple

import numpy as np
from scipy import special
from sklearn.linear_model import LogisticRegression

from disent_tf.metrics import _checks, _logistic, utils


class PredictiveInformation(NamedTuple):
    """Normalised predictive information per factor, at most 1; NaN for a factor that takes one value in the points."""

    train: np.ndarray  # [num_factors]; not negative but for rounding.
    test: np.ndarray  # [num_factors]; negative where the classifier does worse than the frequencies of the values.


def predictive_information(
    points: utils.TrainAndTest, *, discrete_codes: bool = False, num_jobs: int = -1
) -> PredictiveInformation:
    """Returns `1 - H_V(v_k | z) / H(v_k)` of linear classifiers, on the points they are fitted to and on others.

    The entropy is that of the frequencies in the points to fit on, in both: on other points their cross-entropy.

    Args:
      points: codes and factors to fit on and to test on. Points to test whose value of a factor occurs in none of the
        former are left out for it.
      discrete_codes: take codes as labels, with a weight for each; values that are new in the points to test have none.
      num_jobs: factors at once, each a thread; -1 for one per core. The result does not depend on it.

    Raises:
      InputError: the arrays do not fit together or are not finite.
    """
    train = _checks.as_codes_and_factors(points.codes_train, points.factors_train)
    test = _checks.as_codes_and_factors(points.codes_test, points.factors_test)
    features = _one_hot(train[0], test[0]) if discrete_codes else _standardized(train[0], test[0])
    varying = np.flatnonzero(np.ptp(train[1], axis=0))
    # Where a plane separates the classes there is no optimum, and after 100 iterations the loss is near its limit.
    labels = [train[1][:, factor] for factor in varying]
    models = _logistic.fit_each(features[0], labels, num_jobs, inverse_penalty=np.inf)
    results = np.full((2, train[1].shape[1]), np.nan)
    for factor, model in zip(varying, models, strict=True):
        for part, (columns, factors) in enumerate(((features[0], train[1]), (features[1], test[1]))):
            results[part, factor] = _share_told(model, columns, factors[:, factor], train[1][:, factor])
    return PredictiveInformation(*results)


def _share_told(model: LogisticRegression, features: np.ndarray, labels: np.ndarray, labels_train: np.ndarray) -> float:
    known = np.isin(labels, model.classes_)
    if not known.any():
        return np.nan
    column = np.searchsorted(model.classes_, labels[known])
    log_frequencies = np.log(np.bincount(np.searchsorted(model.classes_, labels_train)) / len(labels_train))
    logits = model.decision_function(features[known])
    if logits.ndim == 1:  # Of two classes it is that of the second.
        logits = np.stack([np.zeros_like(logits), logits], axis=1)
    # Not of probabilities, which may be 0 by rounding.
    log_probabilities = special.log_softmax(logits, axis=1)[np.arange(len(column)), column]
    entropy = -np.mean(log_frequencies[column])
    return float(1.0 + np.mean(log_probabilities) / entropy)


def _standardized(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = _order(train)
    normalized, mean, stddev = utils.normalize_data(train.T[order])
    return normalized.T.copy(), utils.normalize_data(test.T[order], mean, stddev)[0].T.copy()


def _one_hot(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    order = _order(train)
    values = [np.unique(train[:, code]) for code in order]
    parts = (
        [part[:, code, None] == of_code for code, of_code in zip(order, values, strict=True)] for part in (train, test)
    )
    train, test = (np.hstack(columns).astype(np.float64) for columns in parts)
    return train, test


def _order(codes: np.ndarray) -> np.ndarray:
    """Returns an order of codes `[num_points, num_codes]` by what they are: where they stood then rounds nothing."""
    return np.lexsort(codes)
