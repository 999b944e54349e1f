"""The runs of a study: each a configuration and a name."""

import hashlib
import json
import pathlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple

from disent_tf import config
from disent_tf.errors import InputError
from disent_tf.study.sweep import Sweep, Variation

_DATA = "data"  # The folder of gin files that name a data set.
SEED = "train.seed"


class Run(NamedTuple):
    """One run of a study."""

    name: str
    """Of its folder: the same whenever its configuration is the same."""
    gin_files: tuple[str, ...]
    bindings: tuple[tuple[str, Any], ...]
    objective: str
    """What is trained: the name of the first gin file that is no data set's."""
    data: str | None
    """The name of the last gin file of a data set; None leaves the objective's own."""
    hyperparameters: tuple[tuple[str, Any], ...]
    """What the study varies, but for the seed: values by parameter."""

    @property
    def gin_params(self) -> list[str]:
        """Bindings as the commands take them."""
        return [f"{name} = {literal(value)}" for name, value in self.bindings]

    @property
    def seed(self) -> int | None:
        """Of training, where the study binds one."""
        return dict(self.bindings).get(SEED)

    @property
    def setting(self) -> str:
        """What runs that differ by the seed alone have in common."""
        return " ".join(self.labels)

    @property
    def recipe(self) -> str:
        """What runs that differ by data and seed alone have in common."""
        return " ".join(self._replace(data=None).labels)

    @property
    def labels(self) -> list[str]:
        """Objective, data where the study names them, and a text for each hyper-parameter."""
        values = [f"{short(name)}={_text(value)}" for name, value in self.hyperparameters]
        return [self.objective, *([self.data] if self.data else []), *values]


def plan(sweep: Sweep) -> list[Run]:
    """Returns the runs of a sweep, in its order.

    Raises:
      InputError: there are no runs, a gin file is missing, or two runs are the same.
    """
    if not isinstance(sweep, list) or not sweep or not all(isinstance(each, Variation) for each in sweep):
        raise InputError(f"study.sweep is {sweep!r}; expected a sweep, such as @product().")
    for name in sorted({name for variation in sweep for name in variation.gin_files}):
        config.find(name)
    runs = [_run(variation) for variation in sweep]
    name, times = Counter(run.name for run in runs).most_common(1)[0]
    if times > 1:
        raise InputError(
            f"The study has the run {name} {times} times; expected each once: change a value, or the seed."
        )
    return runs


def _run(variation: Variation) -> Run:
    models = [pathlib.Path(name).stem for name in variation.gin_files if pathlib.Path(name).parent.name != _DATA]
    sets = [pathlib.Path(name).stem for name in variation.gin_files if pathlib.Path(name).parent.name == _DATA]
    if not models:
        raise InputError(f"A run has the gin files {list(variation.gin_files)}; expected one of a model among them.")
    objective, data = models[0], sets[-1] if sets else None
    values = dict(variation.bindings)
    hyperparameters = tuple((name, values[name]) for name in variation.varied if name != SEED)
    run = Run("", variation.gin_files, variation.bindings, objective, data, hyperparameters)
    seed = [] if run.seed is None else [f"seed={run.seed}"]
    parts = [re.sub(r"[^\w.=+]+", "_", part) for part in (*run.labels, *seed)]
    return run._replace(name="-".join([*parts, _digest(variation)]))


def _digest(variation: Variation) -> str:
    identity = json.dumps([variation.gin_files, [(name, literal(value)) for name, value in variation.bindings]])
    return hashlib.sha256(identity.encode()).hexdigest()[:8]


def literal(value: Any) -> str:
    """Returns a value as gin reads it: a text that begins with @ or % is a reference, not a string."""
    return value if isinstance(value, str) and value[:1] in ("@", "%") else repr(value)


def short(name: str) -> str:
    """Returns what a parameter is called in names: what follows the last dot."""
    return name.rpartition(".")[2]


def _text(value: Any) -> str:
    """Returns a value for names and labels: 4.0 as 4, 0.0001 as such, and never two numbers as the same text."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def settings(runs: Sequence[Run]) -> list[str]:
    """Returns the settings of runs, each once, in their order."""
    return list(dict.fromkeys(run.setting for run in runs))
