"""What a study varies, written in gin: lists of variations, joined one after the other or combined each with each."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import gin

from disent_tf.checks import check_count, check_positive
from disent_tf.errors import InputError


class Variation(NamedTuple):
    """A part of a run's configuration."""

    gin_files: tuple[str, ...] = ()
    """In the order in which they are read."""
    bindings: tuple[tuple[str, Any], ...] = ()
    """Values by parameter, such as ("BetaVAE.beta", 4.0). A text that begins with @ or % is a reference."""
    varied: tuple[str, ...] = ()
    """The parameters among them that have several values in the sweep that they come from."""


Sweep = list[Variation]


@gin.register
def fixed(gin_files: Sequence[str] = (), bindings: Mapping[str, Any] | None = None) -> Sweep:
    """Returns one variation, with single values.

    Args:
      gin_files: names or paths.
      bindings: values by parameter.

    Raises:
      InputError: an argument cannot be used.
    """
    return [Variation(_files("fixed", gin_files), tuple(_mapping("fixed", bindings).items()))]


@gin.register
def varied(gin_files: Sequence[str] = (), bindings: Mapping[str, Sequence[Any]] | None = None) -> Sweep:
    """Returns a variation for every combination of the listed values; the last parameter changes fastest.

    Args:
      gin_files: of all variations.
      bindings: lists of values by parameter.

    Raises:
      InputError: an argument cannot be used.
    """
    lists = _lists("varied", bindings)
    return _variations("varied", gin_files, lists, itertools.product(*lists.values()))


@gin.register
def zipped(gin_files: Sequence[str] = (), bindings: Mapping[str, Sequence[Any]] | None = None) -> Sweep:
    """Returns a variation for every place in the lists of values, which are equally long.

    Args:
      gin_files: of all variations.
      bindings: lists of values by parameter.

    Raises:
      InputError: an argument cannot be used.
    """
    lists = _lists("zipped", bindings)
    if len(lengths := {name: len(values) for name, values in lists.items()}) and len(set(lengths.values())) > 1:
        raise InputError(f"zipped.bindings has lists of different lengths, {lengths}; expected equally long ones.")
    return _variations("zipped", gin_files, lists, zip(*lists.values(), strict=True))


@gin.register
def seeds(num: int, first: int = 0) -> Sweep:
    """Returns a variation for each of `num` seeds of training, from `first`.

    Raises:
      InputError: `num` is no positive integer.
    """
    check_positive(**{"seeds.num": num})
    check_count(**{"seeds.first": first})
    return varied(bindings={"train.seed": list(range(first, first + num))})


@gin.register
def product(sweeps: Sequence[Sweep]) -> Sweep:
    """Returns every variation of the first sweep with every one of the second, and so on; the last changes fastest.

    Gin files are read, and values bound, in the order of the sweeps, so that what comes later holds.

    Raises:
      InputError: there are none.
    """
    parts = _sweeps("product", sweeps)
    joined = [_join(combination) for combination in itertools.product(*parts)]
    return [variation._replace(varied=_varied(parts, variation)) for variation in joined]


@gin.register
def chained(sweeps: Sequence[Sweep]) -> Sweep:
    """Returns the variations of all sweeps, one sweep after the other.

    Raises:
      InputError: there are none.
    """
    return list(itertools.chain.from_iterable(_sweeps("chained", sweeps)))


def _join(variations: Sequence[Variation]) -> Variation:
    gin_files = tuple(itertools.chain.from_iterable(variation.gin_files for variation in variations))
    bindings = dict(itertools.chain.from_iterable(variation.bindings for variation in variations))
    return Variation(gin_files, tuple(bindings.items()))


def _varied(parts: Sequence[Sweep], joined: Variation) -> tuple[str, ...]:
    names = {name for part in parts for variation in part for name in variation.varied}
    return tuple(name for name, _ in joined.bindings if name in names)


def _variations(name: str, gin_files: Sequence[str], lists: Mapping[str, Sequence[Any]], rows: Any) -> Sweep:
    files, several = _files(name, gin_files), tuple(key for key, values in lists.items() if len(values) > 1)
    return [Variation(files, tuple(zip(lists, values, strict=True)), several) for values in rows]


def _files(name: str, gin_files: Any) -> tuple[str, ...]:
    if not isinstance(gin_files, list | tuple) or not all(isinstance(each, str) for each in gin_files):
        raise InputError(f"{name}.gin_files is {gin_files!r}; expected a list of names, such as ['beta_vae.gin'].")
    return tuple(gin_files)


def _mapping(name: str, bindings: Any) -> Mapping[str, Any]:
    bindings = {} if bindings is None else bindings
    if not isinstance(bindings, Mapping) or not all(isinstance(key, str) for key in bindings):
        raise InputError(
            f"{name}.bindings is {bindings!r}; expected values by parameter, such as {{'BetaVAE.beta': 4.}}."
        )
    return bindings


def _lists(name: str, bindings: Any) -> Mapping[str, Sequence[Any]]:
    lists = _mapping(name, bindings)
    for key, values in lists.items():
        if not isinstance(values, list | tuple) or not values:
            raise InputError(f"{name}.bindings has {key!r}: {values!r}; expected a list of values, or use fixed.")
    if not lists:
        raise InputError(f"{name}.bindings is empty; expected lists of values by parameter, or use fixed.")
    return lists


def _sweeps(name: str, sweeps: Any) -> list[Sweep]:
    usable = isinstance(sweeps, list | tuple) and sweeps
    if not usable or not all(isinstance(each, list) and each for each in sweeps):
        raise InputError(f"{name}.sweeps is {sweeps!r}; expected a list such as [@models/chained(), @seeds()].")
    return list(sweeps)
