"""How well classifiers of the factors do on points that they were fitted to and on others."""

import numpy as np

from disent_tf.metrics import _predictors, utils


def train_and_test_accuracies(
    predictor_fn: _predictors.PredictorFactory,
    points: utils.TrainAndTest,
    random_state: np.random.RandomState,
    num_jobs: int = -1,
) -> np.ndarray:
    """Returns the accuracies, `[2, num_factors]`, of a classifier per factor on its own points and on others.

    See `_predictors.fit_per_factor` for the arguments and what it raises.
    """
    models = _predictors.fit_per_factor(predictor_fn, points.codes_train, points.factors_train, random_state, num_jobs)
    on_train = _predictors.accuracies(models, points.codes_train, points.factors_train)
    return np.stack([on_train, _predictors.accuracies(models, points.codes_test, points.factors_test)])
