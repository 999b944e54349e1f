"""The file of a metric: its scores, and the circumstances under which they hold."""

import hashlib
import inspect
import json
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import gin
import numpy as np

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.files import write_text

_TEXTS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}  # As JavaScript and pandas read them.
_NUM_SAMPLED = 64  # Observations that tell one data set from another.


def write(path: pathlib.Path, scores: dict[str, Any], seconds: float, circumstances: dict[str, Any]) -> dict[str, Any]:
    """Writes a metric's result, atomically, and returns its scores as they will be read.

    JSON has no NaN and no infinity: they become the texts "NaN", "Infinity" and "-Infinity".

    Args:
      path: the file.
      scores: numbers or texts by name.
      seconds: that computing them took.
      circumstances: what they depend on.

    Raises:
      InputError: a score is neither a number nor a text.
    """
    if not isinstance(scores, dict):
        raise InputError(f"the result is {scores!r}; expected a dict of numbers by name: return one.")
    plain = {str(key): _plain(key, value) for key, value in scores.items()}
    content = {"scores": plain, "seconds": seconds, **circumstances}
    write_text(path, json.dumps(content, indent=2, allow_nan=False) + "\n")
    return _numbers(plain)


def read(path: pathlib.Path) -> dict[str, Any]:
    """Returns the content of a file of scores; InputError if it is damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return {**content, "scores": _numbers(content["scores"])}
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        message = f"{str(path)!r} is damaged ({type(error).__name__}); expected the scores of a metric; "
        raise InputError(message + "write it anew with --overwrite, or delete it.") from error


def kept(path: pathlib.Path, circumstances: dict[str, Any]) -> dict[str, Any] | None:
    """Returns the scores in a file, None if there is none; InputError if they are of other circumstances."""
    if not path.exists():
        return None
    found = read(path)
    other = [key for key, value in circumstances.items() if found.get(key) != value]
    if other:
        message = f"{str(path)!r} has another {' and another '.join(other)} ({_difference(found, circumstances)}); "
        raise InputError(message + "replace it with --overwrite, or give the metric a name of its own.")
    return found["scores"]


def arguments(name: str, metric: Callable[..., Any], num_given: int) -> dict[str, str]:
    """Returns the arguments of a metric, by gin in the scope of its name or by default, as text.

    Args:
      name: of the metric.
      metric: a function.
      num_given: how many of its first arguments are not gin's to give.
    """
    parameters = list(inspect.signature(metric).parameters.values())[num_given:]
    with gin.config_scope(name):
        bound = _bound(metric)
        # A default is the plain function, to which gin's bindings do not apply.
        return {p.name: _told(bound[p.name]) if p.name in bound else _told(p.default, {}) for p in parameters}


def fingerprint(data: Observations) -> str:
    """Returns a text that tells a data set from others: class, size, and a digest of observations and factors.

    The observations are spread over the set; where there are factors, some are drawn as well.
    """
    rows = np.linspace(0, len(data) - 1, min(_NUM_SAMPLED, len(data))).astype(np.int64)
    arrays = [data[rows]]
    if isinstance(data, GroundTruthData):
        arrays += [np.array(data.factor_names), np.array(data.factor_sizes)]
        arrays += data.sample(_NUM_SAMPLED, np.random.RandomState(0))
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data.cast("B"))
    return f"{type(data).__name__} of {len(data)}, {digest.hexdigest()[:12]}"


def _plain(key: Any, value: Any) -> Any:
    value = value.item() if isinstance(value, np.generic) else value
    if not isinstance(value, str | bool | int | float):
        message = f"the score {key!r} is of type {type(value).__name__}; expected a number: "
        raise InputError(message + "write matrices into the folder that the metric is given.")
    return _TEXTS.get(str(value), value) if isinstance(value, float) else value


def _numbers(plain: dict[str, Any]) -> dict[str, Any]:
    texts = {text: float(text) for text in _TEXTS.values()}
    return {key: texts.get(value, value) for key, value in plain.items()}


def _bound(function: Callable[..., Any]) -> dict[str, Any]:
    """Returns what gin binds for a function: macros by what they stand for, other functions as they will be called."""
    try:
        return gin.get_bindings(function)
    except ValueError:  # Gin does not know it: it has its defaults.
        return {}


def _told(value: Any, bound: dict[str, Any] | None = None) -> str:
    """Returns a value as text, the same in every process: a function by its name and what gin binds for it.

    Args:
      value: an argument.
      bound: of a function, instead of what gin binds.
    """
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{key}: {_told(each, bound)}' for key, each in value.items())}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_told(each, bound) for each in value)}]"
    if not inspect.isroutine(value) and not inspect.isclass(value):
        return str(value)
    given = sorted((_bound(value) if bound is None else bound).items())
    return f"{value.__name__}({', '.join(f'{key}={_told(each)}' for key, each in given)})" if given else value.__name__


def _difference(found: dict[str, Any], wanted: dict[str, Any]) -> str:
    found, wanted = ({**kind, **kind.get("arguments", {})} for kind in (found, wanted))
    keys = [key for key in wanted if key != "arguments" and found.get(key) != wanted[key]]
    return ", ".join(f"{key}: {found.get(key)} there, {wanted[key]} now" for key in keys) or "fewer arguments now"
