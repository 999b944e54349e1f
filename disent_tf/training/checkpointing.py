"""Checkpoints that hold all that a resumed run needs, and the way back from a run folder to a model."""

import json
import logging
import os
import pathlib
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.training.run_folder import RunFolder, read_json

_log = logging.getLogger(__name__)


_UNREADABLE = (ValueError, IndexError, AssertionError, tf.errors.OpError)
"""What TensorFlow raises for a checkpoint that is damaged or of other variables."""


class Checkpoints:
    """The last checkpoints of a run: weights, optimizers, random streams, running means and the step.

    Variables are listed by kind and order, not found through attributes: TensorFlow's object graph does not see the
    state of Keras' seed generators.
    """

    def __init__(self, model: keras.Model, folder: pathlib.Path, keep: int = 3) -> None:
        self.step = tf.Variable(0, dtype=tf.int64, trainable=False)
        optimizers = [[_raw(v) for v in optimizer.variables] for optimizer in model.optimizers]
        state = tf.train.Checkpoint(
            step=self.step,
            weights=[_raw(v) for v in model.weights],
            streams=[_raw(v) for v in random_streams(model)],
            means=[_raw(v) for v in model.metrics_variables],
            optimizers=optimizers,
        )
        self._state, self._folder = state, folder
        self._manager = tf.train.CheckpointManager(state, str(folder), max_to_keep=keep, checkpoint_name="step")

    def save(self, step: int) -> None:
        """Writes a checkpoint after `step` training steps, and removes the oldest.

        Raises:
          OSError: it cannot be written; those before are kept.
        """
        self.step.assign(step)
        try:
            self._manager.save(checkpoint_number=step)
        except tf.errors.OpError as error:
            reason = error.message.rpartition("; ")[2].partition(" [Op:")[0]
            raise OSError(
                f"The checkpoint of step {step} cannot be written into {str(self._folder)!r}: {reason}. Those before "
                "are kept: make room, then --resume."
            ) from error

    def restore(self) -> int:
        """Restores the newest checkpoint that can be read and returns its step; 0 if there is none.

        Raises:
          InputError: there are checkpoints and none fits the model and its optimizers.
        """
        found = _restore_newest(self._state, self._folder, lambda status: status.assert_consumed())
        return int(self.step.numpy()) if found else 0


def architecture(model: keras.Model) -> dict:
    """Returns the model's Keras configuration as it reads back from JSON, without how it was compiled and built."""
    serialized = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    return {key: value for key, value in serialized.items() if key not in ("compile_config", "build_config")}


def check_same_architecture(model: keras.Model, run: RunFolder) -> None:
    """Raises InputError unless `model` is built like the one that the run trained."""
    stored, built = (_without_names(config) for config in (read_json(run.model), architecture(model)))
    if stored["class_name"] != built["class_name"]:
        raise InputError(
            f"{str(run.path)!r} holds a {stored['class_name']}, the configuration builds a {built['class_name']}; "
            "resume with the run's own configuration, or choose another --output_dir."
        )
    different = [key for key in built["config"] if built["config"][key] != stored["config"].get(key)]
    if different:
        raise InputError(
            f"{str(run.path)!r} was trained with another {', '.join(different)}; resume with the run's own "
            "configuration, or choose another --output_dir."
        )


def load_model(run_dir: str | os.PathLike[str]) -> keras.Model:
    """Returns the model of a run folder with the weights of its newest checkpoint.

    The model's class must be imported: parsing the run's `config.gin` does that.

    Raises:
      InputError: there is no run, or none of its checkpoints can be read.
    """
    return load_model_and_step(run_dir)[0]


def load_model_and_step(run_dir: str | os.PathLike[str]) -> tuple[keras.Model, int]:
    """Returns what `load_model` does, and after how many training steps the checkpoint was written."""
    run = RunFolder.existing(run_dir)
    model = keras.saving.deserialize_keras_object(read_json(run.model))
    step = tf.Variable(0, dtype=tf.int64, trainable=False)
    state = tf.train.Checkpoint(step=step, weights=[_raw(v) for v in model.weights])
    if not _restore_newest(state, run.checkpoints, lambda s: s.expect_partial().assert_existing_objects_matched()):
        raise InputError(
            f"No checkpoint in {str(run.checkpoints)!r}: resume the run with --resume, and let it train on."
        )
    return model, int(step.numpy())


def _restore_newest(state: tf.train.Checkpoint, folder: pathlib.Path, check: Callable[[Any], Any]) -> bool:
    """Restores the newest checkpoint that can be read; False if there is none, InputError if none can be read."""
    listed = tf.train.get_checkpoint_state(str(folder))
    paths = list(listed.all_model_checkpoint_paths) if listed else []
    for path in reversed(paths):
        try:
            check(state.restore(path))
        except _UNREADABLE as error:
            _log.warning("Checkpoint %s cannot be read, trying the one before: %s", path, _first_line(error))
        else:
            return True
    if paths:
        raise InputError(
            f"None of the checkpoints in {str(folder)!r} can be read with this model and optimizer; resume with the "
            "run's own configuration."
        )
    return False


def _without_names(config: Any) -> Any:
    """Drops what Keras numbers as it goes: the same model built twice in a process has other names."""
    if isinstance(config, dict) and config.get("class_name") == "DTypePolicy":
        return config["config"]  # Its name is all that there is to it.
    if isinstance(config, dict):
        numbered = {"name", "shared_object_id", "inbound_nodes", "input_layers", "output_layers"}
        return {key: _without_names(value) for key, value in config.items() if key not in numbered}
    if isinstance(config, list):
        return [_without_names(value) for value in config]
    return config


def random_streams(model: keras.Model) -> list[keras.Variable]:
    """Returns the variables that random numbers come from: those that are neither weights nor running means."""
    others = {id(v) for v in (*model.weights, *model.metrics_variables)}
    return [v for v in model.variables if id(v) not in others]


def _raw(variable: keras.Variable | tf.Variable) -> tf.Variable:
    return getattr(variable, "value", variable)


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
