"""The runs of a study: each a configuration and a name."""

import functools
import hashlib
import itertools
import json
import pathlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
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
    values: tuple[str, ...]
    """The same as texts for names and labels, such as beta=4."""

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
        return [self.objective, *([self.data] if self.data else []), *self.values]


def plan(sweep: Sweep | None) -> list[Run]:
    """Returns the runs of a sweep, in its order.

    Raises:
      InputError: there are no runs, a gin file is missing, or two runs are the same or would have one name.
    """
    if not isinstance(sweep, list) or not sweep or not all(isinstance(each, Variation) for each in sweep):
        raise InputError(f"study.sweep is {sweep!r}; expected a sweep, such as @product().")
    for name in sorted({name for variation in sweep for name in variation.gin_files}):
        config.find(name)
    told_apart = _told_apart(sweep)
    varied: dict[str, set[str]] = {}
    for variation in told_apart:
        varied.setdefault(_objective_and_data(variation.gin_files)[0], set()).update(variation.varied)
    ends = {objective: Counter(map(short, names)) for objective, names in varied.items()}
    runs = [_run(variation, ends) for variation in told_apart]
    name, times = Counter(run.name for run in runs).most_common(1)[0]
    if times > 1:
        raise InputError(
            f"The study has the run {name} {times} times; expected each once: change a value, or the seed."
        )
    return runs


def _told_apart(sweep: Sweep) -> Sweep:
    """Returns the sweep with all varied by which the settings of one objective differ, wherever they are bound."""
    labels = [(_objective_and_data(variation.gin_files), _literals(variation, variation.varied)) for variation in sweep]
    alike: dict[Any, list[Variation]] = {}
    for label, variation in zip(labels, sweep, strict=True):
        alike.setdefault(label, []).append(variation)
    differing = {label: _differing(variations) for label, variations in alike.items()}
    found = []
    for label, variation in zip(labels, sweep, strict=True):
        more = differing[label]
        varied = tuple(name for name, _ in variation.bindings if name in {*variation.varied, *more})
        found.append(variation._replace(varied=varied))
    return found


def _differing(variations: Sequence[Variation]) -> set[str]:
    """Returns the parameters, but for the seed, by which variations of one label differ."""
    files = {variation.gin_files for variation in variations}
    if len(files) > 1:
        raise InputError(
            f"Runs of the gin files {' and '.join(str(list(each)) for each in sorted(files))} would have one name; "
            "expected a file of its own for each, first in the list."
        )
    values: dict[str, set[str]] = {}
    times: Counter[str] = Counter()
    for name, value in itertools.chain.from_iterable(variation.bindings for variation in variations):
        values.setdefault(name, set()).add(literal(value))
        times[name] += 1
    return {name for name in values if len(values[name]) > 1 or times[name] < len(variations)} - {SEED}


def _literals(variation: Variation, names: Sequence[str]) -> frozenset[tuple[str, str]]:
    return frozenset((name, literal(value)) for name, value in variation.bindings if name in names and name != SEED)


@functools.cache
def _objective_and_data(gin_files: tuple[str, ...]) -> tuple[str, str | None]:
    models = [pathlib.Path(name).stem for name in gin_files if pathlib.Path(name).parent.name != _DATA]
    sets = [pathlib.Path(name).stem for name in gin_files if pathlib.Path(name).parent.name == _DATA]
    if not models:
        raise InputError(f"A run has the gin files {list(gin_files)}; expected one of a model among them.")
    return models[0], sets[-1] if sets else None


def _run(variation: Variation, ends: Mapping[str, Counter[str]]) -> Run:
    """Returns the run of a variation.

    Args:
      variation: its configuration.
      ends: how many varied parameters of an objective end in each name; more than one are called by their whole names.
    """
    objective, data = _objective_and_data(variation.gin_files)
    values = dict(variation.bindings)
    hyperparameters = tuple((name, values[name]) for name in variation.varied if name != SEED)
    called = [name if ends[objective][short(name)] > 1 else short(name) for name, _ in hyperparameters]
    texts = tuple(f"{name}={_text(value)}" for name, (_, value) in zip(called, hyperparameters, strict=True))
    run = Run("", variation.gin_files, variation.bindings, objective, data, hyperparameters, texts)
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


def by_setting(runs: Sequence[Run]) -> dict[str, list[Run]]:
    """Returns the runs of each setting, in their order."""
    found: dict[str, list[Run]] = {}
    for run in runs:
        found.setdefault(run.setting, []).append(run)
    return found
