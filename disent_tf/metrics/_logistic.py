"""Logistic regression as disentanglement_lib fits it: scikit-learn's at its defaults."""

import warnings
from collections.abc import Sequence

import joblib
import numpy as np
import threadpoolctl
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression


def fit_each(
    features: np.ndarray, targets: Sequence[np.ndarray], num_jobs: int = 1, *, inverse_penalty: float = 1.0
) -> list[LogisticRegression]:
    """Fits a classifier to each target.

    Args:
      features: `[num_points, num_features]`.
      targets: labels `[num_points]`, of at least two classes each.
      num_jobs: threads at once, -1 for one per core; the classifiers do not depend on it.
      inverse_penalty: scikit-learn's C; infinity for no penalty.
    """
    # Here and not in the threads, as filters of warnings belong to the process. One thread each for matrix products:
    # the sums of another number of threads would round otherwise.
    with warnings.catch_warnings(), threadpoolctl.threadpool_limits(1):
        warnings.simplefilter("ignore", ConvergenceWarning)  # After 100 iterations the result is one like any other.
        fits = (joblib.delayed(LogisticRegression(C=inverse_penalty).fit)(features, labels) for labels in targets)
        return joblib.Parallel(n_jobs=num_jobs, backend="threading")(fits)
