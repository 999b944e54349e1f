"""Accuracy of a support vector machine on codes: how well do they tell a label that the model never saw?

M. Peychev, P. Veličković and P. Liò, "Quantifying the Effects of Enforcing Disentanglement on Variational Autoencoders"
(https://arxiv.org/abs/1711.09159), section 3.2: the digits of MNIST from its codes, with a radial kernel.
"""

import numbers
import os
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from sklearn.svm import SVC

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _encoding, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData

_KERNEL_CACHE_MB = 1000


class LabelAccuracy(NamedTuple):
    """The score and where the errors are."""

    score: float  # Share of test points that get their label, in [0, 1].
    confusion: np.ndarray  # int64 [num_labels, num_labels]: true label by predicted label.
    labels: np.ndarray  # [num_labels]: those of rows and columns, of training and test, in order.


def svm_accuracy(
    codes_train: npt.ArrayLike,
    labels_train: npt.ArrayLike,
    codes_test: npt.ArrayLike,
    labels_test: npt.ArrayLike,
    *,
    gamma: Literal["scale", "auto"] | float = "scale",
    regularization: float = 1.0,
) -> LabelAccuracy:
    """Returns the accuracy of a support vector classifier with the kernel `exp(-gamma |z - z'|^2)`.

    Args:
      codes_train: `[num_train, num_codes]`.
      labels_train: one per point, `[num_train]`; if all are one label, that is the answer to everything.
      codes_test: `[num_test, num_codes]`.
      labels_test: `[num_test]`; a label that training has not seen counts as wrong.
      gamma: "scale" is 1 / (num_codes * variance of the codes), so that their scale does not matter; "auto" is
        1 / num_codes, scikit-learn's default when the paper was written; or a number.
      regularization: C, of scikit-learn's `SVC`.

    Raises:
      InputError: the arrays do not fit together or are not finite, or a number is not above 0.
    """
    train = _checks.as_codes_and_factors(codes_train, np.reshape(labels_train, (-1, 1)))
    test = _checks.as_codes_and_factors(codes_test, np.reshape(labels_test, (-1, 1)))
    if train[0].shape[1] != test[0].shape[1]:
        message = f"codes to train on have {train[0].shape[1]} columns and codes to test on {test[0].shape[1]}; "
        raise InputError(message + "expected the same: encode both by one model.")
    if not regularization > 0 or not (gamma in ("scale", "auto") or (not isinstance(gamma, str) and gamma > 0)):
        message = f'gamma is {gamma!r} and regularization {regularization!r}; expected "scale", "auto" or a number '
        raise InputError(message + "above 0, and a number above 0.")
    truth = test[1][:, 0]
    predicted = _predictions(train[0], train[1][:, 0], test[0], gamma, regularization)
    labels, places = np.unique(np.concatenate([train[1][:, 0], truth, predicted]), return_inverse=True)
    truth_at, predicted_at = places[len(train[1]) :].reshape(2, -1)
    confusion = np.bincount(truth_at * len(labels) + predicted_at, minlength=len(labels) ** 2)
    confusion = confusion.reshape(len(labels), len(labels))
    return LabelAccuracy(float(np.trace(confusion) / len(truth)), confusion, labels)


def _predictions(
    codes: np.ndarray, labels: np.ndarray, codes_test: np.ndarray, gamma: str | float, regularization: float
) -> np.ndarray:
    if np.all(labels == labels[0]):
        return np.full(len(codes_test), labels[0])
    classifier = SVC(kernel="rbf", gamma=gamma, C=regularization, cache_size=_KERNEL_CACHE_MB)
    return classifier.fit(codes, labels).predict(codes_test)


def stratified_rows(labels: npt.ArrayLike, fraction: float, random_state: np.random.RandomState) -> np.ndarray:
    """Returns rows of a random part that has the same share, rounded up, of each label.

    Args:
      labels: `[num_points]`.
      fraction: above 0, up to 1; 1 draws nothing.
      random_state: source of randomness.

    Returns:
      int64 `[num]`, ascending.

    Raises:
      InputError: the fraction is out of range.
    """
    if not 0 < fraction <= 1:
        raise InputError(f"fraction is {fraction!r}; expected a number above 0 and up to 1, as 0.2 for a fifth.")
    labels = np.asarray(labels)
    if fraction == 1:
        return np.arange(len(labels))
    rows = (random_state.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels))
    # Less rounding: 0.7 * 10 is a little above 7.
    return np.sort(np.concatenate([each[: int(np.ceil(fraction * len(each) - 1e-9))] for each in rows]))


def compute_svm_accuracy_on_fixed_data(
    observations_train: np.ndarray,
    labels_train: npt.ArrayLike,
    observations_test: np.ndarray,
    labels_test: npt.ArrayLike,
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    fraction: float = 1.0,
    *,
    gamma: Literal["scale", "auto"] | float = "scale",
    regularization: float = 1.0,
) -> dict[str, float]:
    """Computes the accuracy on labelled data, such as MNIST.

    The paper's codes are samples of the posterior; those of a representation function that gives means score higher.
    There the model was trained on the same fraction of the data, which is up to the caller: see `stratified_rows`.

    Args:
      observations_train: `[num_train, ...]`.
      labels_train: `[num_train]`.
      observations_test: `[num_test, ...]`.
      labels_test: `[num_test]`.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: of the part of the training data.
      fraction: of the training data, the same of each label.
      gamma: see `svm_accuracy`.
      regularization: see `svm_accuracy`.

    Returns:
      test_accuracy, and the num_train and num_test that it depends on.

    Raises:
      InputError: an argument cannot be used, or labels do not fit observations.
    """
    labels_train, labels_test = np.asarray(labels_train), np.asarray(labels_test)
    for observations, labels in ((observations_train, labels_train), (observations_test, labels_test)):
        if labels.shape != (len(observations),):
            message = f"labels have shape {labels.shape} for {len(observations)} observations; "
            raise InputError(message + "expected one number each: pass labels as [num].")
    rows = stratified_rows(labels_train, fraction, random_state)
    codes_train, codes_test = (
        utils.obtain_representation(observations, representation_function, _encoding.IMAGES_PER_CALL).T
        for observations in (observations_train[rows], observations_test)
    )
    accuracy = svm_accuracy(
        codes_train, labels_train[rows], codes_test, labels_test, gamma=gamma, regularization=regularization
    )
    return {"test_accuracy": accuracy.score, "num_train": len(rows), "num_test": len(labels_test)}


@utils.protocol
def compute_svm_accuracy(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int = 10_000,
    num_test: int = 5_000,
    *,
    factor: int | str = 0,
    gamma: Literal["scale", "auto"] | float = "scale",
    regularization: float = 1.0,
) -> dict[str, float]:
    """Computes the accuracy with which the codes of a representation tell one factor.

    Args:
      ground_truth_data: what to draw from.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for svm_accuracy.npz, the fields of `LabelAccuracy`; None writes nothing.
      num_train: points to train on; the cost grows with their square.
      num_test: points to test on.
      factor: its index or its name.
      gamma: see `svm_accuracy`.
      regularization: see `svm_accuracy`.

    Returns:
      test_accuracy, and the num_train, num_test and index of the factor that it depends on.

    Raises:
      InputError: a number is not positive, there is no such factor, or the codes are not finite.
    """
    index = _factor_index(ground_truth_data, factor)
    points = utils.draw_train_and_test(ground_truth_data, representation_function, random_state, num_train, num_test)
    accuracy = svm_accuracy(
        points.codes_train,
        points.factors_train[:, index],
        points.codes_test,
        points.factors_test[:, index],
        gamma=gamma,
        regularization=regularization,
    )
    utils.save_arrays(artifact_dir, "svm_accuracy.npz", **accuracy._asdict())
    return {"test_accuracy": accuracy.score, "num_train": num_train, "num_test": num_test, "factor": index}


def _factor_index(data: "GroundTruthData", factor: int | str) -> int:
    names = list(getattr(data, "factor_names", ()))
    if isinstance(factor, str) and factor in names:
        return names.index(factor)
    if not isinstance(factor, numbers.Integral) or not 0 <= factor < data.num_factors:
        message = f"factor is {factor!r}; expected an index from 0 to {data.num_factors - 1}"
        raise InputError(message + (f" or one of {', '.join(names)}." if names else "."))
    return int(factor)
