"""Strong downstream task: do predictions hold where a factor takes values that training has not seen?

The protocol of disentanglement_lib: covariate shift by intervention. A classifier of one factor is fitted to points
that agree in another, and tested on points where that other has any value but this.
"""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import joblib
import numpy as np

from disent_tf.errors import InputError
from disent_tf.metrics import _accuracy, _checks, _encoding, _factor_values, _predictors, utils

if TYPE_CHECKING:
    from disent_tf.data.ground_truth import GroundTruthData


class Intervention(NamedTuple):
    """Factors in which one is set."""

    factors_train: np.ndarray  # [num_train, num_factors]; the intervened factor has one value.
    factors_test: np.ndarray  # [num_test, num_factors]; there it has any of its values but that one.
    factor: int  # Which one was set.
    value: int  # To what in training.


def intervene(
    y_train: np.ndarray,
    y_test: np.ndarray,
    target_y: int,
    num_factors: int,
    ground_truth_data: "GroundTruthData",
    random_state: np.random.RandomState,
) -> Intervention:
    """Sets a factor, chosen at random, to one value in training and to its other values in testing.

    Args:
      y_train: factors `[num_train, num_factors]`; they are copied.
      y_test: factors `[num_test, num_factors]`.
      target_y: the factor to predict, which is not set.
      num_factors: number of factors.
      ground_truth_data: tells which values factors have.
      random_state: source of randomness (NumPy's global state in disentanglement_lib).

    Raises:
      InputError: no other factor takes two values or more.
    """
    values = _factor_values.factor_values(ground_truth_data, np.concatenate([y_train, y_test]))
    eligible = [factor for factor in range(num_factors) if factor != target_y and len(values[factor]) > 1]
    if not eligible:
        message = (
            f"no factor but the predicted one, {target_y}, takes two values; an intervention needs one that does: "
        )
        raise InputError(message + "use data with two factors or more that vary.")
    factor = int(random_state.choice(eligible))
    value = int(random_state.choice(values[factor]))
    factors_train, factors_test = np.array(y_train), np.array(y_test)
    factors_train[:, factor] = value
    factors_test[:, factor] = random_state.choice(values[factor][values[factor] != value], size=len(factors_test))
    return Intervention(factors_train, factors_test, factor, value)


@utils.protocol
def compute_strong_downstream_task(
    ground_truth_data: "GroundTruthData",
    representation_function: utils.RepresentationFunction,
    random_state: np.random.RandomState,
    artifact_dir: str | os.PathLike[str] | None = None,
    num_train: int | Sequence[int] = (1_000,),
    num_test: int = 1_000,
    n_experiment: int = 2,
    *,
    predictor_fn: _predictors.PredictorFactory = _predictors.gradient_boosting_classifier,
    num_jobs: int = -1,
) -> dict[str, float]:
    """Computes accuracies under covariate shift.

    Args:
      ground_truth_data: what to draw from, with at least two factors that vary.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      random_state: source of randomness.
      artifact_dir: folder for strong_downstream_task_<num_train>.npz (accuracies `[train or test, num_factors]`, those
        under intervention `[train or test, num_factors, n_experiment]`, and which factor was set); None writes nothing.
      num_train: points to fit on, one number or several.
      num_test: points to test on.
      n_experiment: interventions per predicted factor.
      predictor_fn: makes a classifier.
      num_jobs: processes at once, -1 for one per core; the scores do not depend on it.

    Returns:
      For every number of points, `<num_train>:` and then mean_train_accuracy and mean_test_accuracy without an
      intervention, mean_strong_train_accuracy and mean_strong_test_accuracy with one, and strong_generalization_gap:
      the share of the test accuracy that is lost with one, `1 - strong / plain`, 0 where there is none to lose.

    Raises:
      InputError: a number is not positive, the codes are not finite, or fewer than two factors vary.
    """
    sizes = _checks.as_sizes(num_train)
    _checks.require_at_least(1, num_test=num_test, n_experiment=n_experiment)
    scores: dict[str, float] = {}
    stream = utils.separate_stream(random_state)
    for size in sizes:
        draw = _Draw(ground_truth_data, representation_function, random_state)
        plain = draw(*(ground_truth_data.sample_factors(num, random_state) for num in (size, num_test)))
        accuracy = _accuracy.train_and_test_accuracies(predictor_fn, plain, stream, num_jobs)
        tasks = _strong_tasks(draw, plain, n_experiment, predictor_fn, stream)
        fit = joblib.delayed(_accuracy.train_and_test_accuracies)
        # A classifier each, so the processes are shared out here.
        jobs = (fit(predictor_fn, task.points, task.random_state, 1) for task in tasks)
        accuracy_strong = np.stack(joblib.Parallel(num_jobs)(jobs), axis=1)
        utils.save_arrays(
            artifact_dir,
            f"strong_downstream_task_{size}.npz",
            accuracy=accuracy,
            accuracy_strong=accuracy_strong.reshape(2, -1, n_experiment),
            intervened=np.reshape([task.intervened for task in tasks], (-1, n_experiment)),
        )
        scores |= _scores(size, accuracy.mean(axis=1), accuracy_strong.mean(axis=(1, 2)))
    return scores


class _Draw(NamedTuple):
    """What observations and codes come from."""

    data: Any
    representation_function: utils.RepresentationFunction
    random_state: np.random.RandomState

    def __call__(self, factors_train: np.ndarray, factors_test: np.ndarray) -> utils.TrainAndTest:
        """Returns factors `[num, num_factors]` with the codes of their observations."""
        return utils.TrainAndTest(self._codes(factors_train), factors_train, self._codes(factors_test), factors_test)

    def _codes(self, factors: np.ndarray) -> np.ndarray:
        observations = self.data.sample_observations_from_factors(factors, self.random_state)
        return utils.obtain_representation(observations, self.representation_function, _encoding.IMAGES_PER_CALL).T


class _StrongTask(NamedTuple):
    """One classifier to fit under an intervention."""

    points: utils.TrainAndTest  # With the factor to predict alone.
    random_state: np.random.RandomState  # What is random in the classifier.
    intervened: int  # Which factor is set.


def _strong_tasks(
    draw: _Draw,
    plain: utils.TrainAndTest,
    n_experiment: int,
    predictor_fn: _predictors.PredictorFactory,
    stream: np.random.RandomState,
) -> list[_StrongTask]:
    """Returns tasks, `n_experiment` for each factor to predict.

    Interventions and classifiers draw from `stream` by turns, as both draw from NumPy's global state in
    disentanglement_lib.
    """
    tasks = []
    num_factors = plain.factors_train.shape[1]
    for target in np.repeat(np.arange(num_factors), n_experiment).tolist():
        set_to = intervene(plain.factors_train, plain.factors_test, target, num_factors, draw.data, stream)
        points = draw(set_to.factors_train, set_to.factors_test)
        of_target = {name: getattr(points, name)[:, [target]] for name in ("factors_train", "factors_test")}
        state = _predictors.take_draws(predictor_fn(), of_target["factors_train"], stream)
        tasks.append(_StrongTask(points._replace(**of_target), state, set_to.factor))
    return tasks


def _scores(size: int, plain: np.ndarray, strong: np.ndarray) -> dict[str, float]:
    """Names accuracies `[train, test]`."""
    return {
        f"{size}:mean_train_accuracy": float(plain[0]),
        f"{size}:mean_test_accuracy": float(plain[1]),
        f"{size}:mean_strong_train_accuracy": float(strong[0]),
        f"{size}:mean_strong_test_accuracy": float(strong[1]),
        f"{size}:strong_generalization_gap": float(1 - strong[1] / plain[1]) if plain[1] > 0 else 0.0,
    }
