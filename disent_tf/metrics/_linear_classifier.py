"""Softmax regression: the linear classifier whose accuracy is the score of the pair metrics."""

import math
import warnings
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

_DECAYS = (0.9, 0.999)  # Of Adam's running means, and what it adds to the square root: the paper's.
_EPSILON = 1e-8
_LEAST_IMPROVEMENT = 1e-6  # Relative: far above rounding, which then does not decide when to stop.


class Accuracies(NamedTuple):
    """Share of points that a classifier names rightly, in [0, 1]."""

    train: float
    test: float


class Examples(NamedTuple):
    """Features, float64 `[num_points, num_features]`, and the class of each, int64 `[num_points]` from 0 on."""

    features: np.ndarray
    labels: np.ndarray


class Weights(NamedTuple):
    """Of softmax regression: logits are `features @ kernel + bias`."""

    kernel: np.ndarray  # [num_features, num_classes]
    bias: np.ndarray  # [num_classes]


class Trained(NamedTuple):
    """What training with early stopping arrives at."""

    last: Weights
    best: Weights  # Of the smallest validation loss.
    num_epochs: int
    validation_loss: float  # The smallest, nats.


def accuracies_at_convergence(train: Examples, test: Examples, penalty: float) -> Accuracies:
    """Returns the accuracies of softmax regression trained to convergence by L-BFGS on standardised features.

    Args:
      train: with one class only, that class is the answer to everything.
      test: a class that training has not seen counts as wrong.
      penalty: weight of half the squared norm of the kernel against the mean cross-entropy, above 0: large enough for
        classes that a plane separates to have an optimum.
    """
    if len(np.unique(train.labels)) == 1:
        return Accuracies(1.0, float(np.mean(test.labels == train.labels[0])))
    centre, scale = train.features.mean(axis=0), train.features.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    classifier = LogisticRegression(C=1.0 / (penalty * len(train.labels)), max_iter=1000)
    with warnings.catch_warnings():
        # 1000 iterations are reached only where a plane separates the classes, and then the accuracy has settled.
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit((train.features - centre) / scale, train.labels)
    hits = (classifier.predict((part.features - centre) / scale) == part.labels for part in (train, test))
    return Accuracies(*(float(hit.mean()) for hit in hits))


def fit_by_adam(
    train: Examples,
    validation: Examples,
    num_classes: int,
    *,
    learning_rate: float,
    patience: int,
    max_epochs: int,
) -> Trained:
    """Trains softmax regression by Adam, one step on all points an epoch, until the validation loss stops to fall.

    From weights of 0: the loss is convex, and the order of the features has no say.

    Args:
      train: what to fit.
      validation: its cross-entropy decides when to stop.
      num_classes: labels are from 0 to `num_classes - 1`.
      learning_rate: of Adam.
      patience: training stops at the first epoch that is the (`patience` + 1)-th in a row without improvement.
      max_epochs: training stops there in any case.
    """
    columns, columns_validation = _with_one(train.features), _with_one(validation.features)
    truth = np.eye(num_classes)[:, train.labels]
    weights, mean, square = (np.zeros((num_classes, len(columns))) for _ in range(3))
    best, best_loss, waited, epoch = weights, math.inf, 0, 0
    while waited <= patience and epoch < max_epochs:
        epoch += 1
        gradient = _error(_logits(weights, columns), truth) @ columns.T / len(train.labels)
        mean = _DECAYS[0] * mean + (1 - _DECAYS[0]) * gradient
        square = _DECAYS[1] * square + (1 - _DECAYS[1]) * gradient**2
        step = learning_rate * math.sqrt(1 - _DECAYS[1] ** epoch) / (1 - _DECAYS[0] ** epoch)
        weights = weights - step * mean / (np.sqrt(square) + _EPSILON)
        loss = _cross_entropy(_logits(weights, columns_validation), validation.labels)
        improved = loss < best_loss * (1 - _LEAST_IMPROVEMENT)
        waited = 0 if improved else waited + 1
        best, best_loss = (weights, loss) if improved else (best, best_loss)
    at_end, at_best = (Weights(each.T[:-1], each.T[-1]) for each in (weights, best))
    return Trained(at_end, at_best, epoch, best_loss)


def accuracy(weights: Weights, examples: Examples) -> float:
    """Returns the share of examples whose largest logit is that of their class."""
    logits = examples.features @ weights.kernel + weights.bias
    return float(np.mean(logits.argmax(axis=1) == examples.labels))


# Thousands of epochs: points are columns below, so that sums over a few classes are fast.


def _with_one(features: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(np.hstack([features, np.ones((len(features), 1))]).T)


def _logits(weights: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Returns logits `[num_classes, num_points]`, those of the largest class 0."""
    logits = weights @ columns
    logits -= logits.max(axis=0)
    return logits


def _error(logits: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Returns softmax minus truth, both `[num_classes, num_points]`."""
    probabilities = np.exp(logits, out=logits)
    probabilities /= probabilities.sum(axis=0)
    probabilities -= truth
    return probabilities


def _cross_entropy(logits: np.ndarray, labels: np.ndarray) -> float:
    of_label = logits[labels, np.arange(len(labels))]
    return float(np.mean(np.log(np.exp(logits).sum(axis=0)) - of_label))
