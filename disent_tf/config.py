"""Gin configuration: which files are read, where they are looked up, and what a run was made with.

The only module that knows gin's search rules.
"""

import contextlib
import difflib
import importlib.util  # noqa: F401  gin uses it without importing it.
import logging
import pathlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

import gin
from gin import config_parser

from disent_tf.errors import InputError

_PACKAGE = pathlib.Path(__file__).resolve().parent
_CANDIDATES = (_PACKAGE / "gin_configs", _PACKAGE.parent / "gin_configs")  # An installed copy, a checkout.
ROOT = next((folder for folder in _CANDIDATES if folder.is_dir()), _CANDIDATES[0])
"""The folder of the gin files that come with the project."""

_GIN_ERRORS = (ValueError, TypeError, SyntaxError, OSError, ImportError, AttributeError, RuntimeError)


def load(gin_files: Sequence[str], gin_params: Sequence[str] = ()) -> None:
    """Replaces the active configuration by that of `gin_files`, in order, and then `gin_params`.

    A file is looked up as given, then under `gin_configs/`. What it includes is looked up under `gin_configs/`, unless
    its path is absolute.

    Args:
      gin_files: paths or names, such as "factor_vae.gin".
      gin_params: bindings, such as "FactorVAE.gamma = 10.".

    Raises:
      InputError: a file is missing, or a file or binding cannot be used.
    """
    paths = [find(name) for name in gin_files]
    gin.clear_config()
    for path in paths:
        _parse(path.name, f"include {str(path)!r}")
    for binding in gin_params:
        _parse(f"--gin_param {binding!r}", binding)
    with _one_line(f"the configuration of {', '.join(path.name for path in paths)}"):
        gin.finalize()


def find(name: str) -> pathlib.Path:
    """Returns the absolute path of a gin file; InputError if there is none."""
    for path in (pathlib.Path(name), ROOT / name):
        if path.is_file():
            return path.resolve()
    names = sorted(str(path.relative_to(ROOT)) for path in ROOT.rglob("*.gin"))
    raise InputError(
        f"No gin file {name!r} here or in gin_configs/.{_did_you_mean(name, names)} It has: {', '.join(names)}."
    )


def shipped(name: str) -> str:
    """Returns the path of a gin file that comes with the project, whatever else has its name where one stands."""
    return str(ROOT / name)


def bound_value(gin_files: Sequence[str], gin_params: Sequence[str], name: str) -> Any:
    """Returns what `load` would bind to a parameter, such as "train.onednn", without importing anything.

    For what has to be known before the modules that a gin file imports are imported. Values that refer to something
    else, and files that cannot be read, count as not bound: None; `load` then tells what is wrong.
    """
    texts = [f"include {str(find(name))!r}" for name in gin_files] + list(gin_params)
    value = None
    for text in texts:
        with contextlib.suppress(*_GIN_ERRORS):
            for found in _values_of(text, name):
                value = found
    return value


def _values_of(text: str, name: str) -> Iterator[Any]:
    """Yields the values that gin text binds to a parameter, and those of the files that it includes."""
    for statement in config_parser.ConfigParser(text, _References()):
        if isinstance(statement, config_parser.IncludeStatement):
            yield from _values_of(pathlib.Path(ROOT, statement.filename).read_text(encoding="utf-8"), name)
        elif isinstance(statement, config_parser.BindingStatement):
            bound = f"{statement.selector.rpartition('.')[2]}.{statement.arg_name}"
            if bound == name and not statement.scope:
                yield statement.value


class _References(config_parser.ParserDelegate):
    """Reads references and macros as None."""

    def configurable_reference(self, scoped_configurable_name: str, evaluate: bool) -> None:
        return None

    def macro(self, macro_name: str) -> None:
        return None


def operative() -> str:
    """Returns every binding that the run so far has used, as the text of a gin file."""
    return gin.operative_config_str()


def _parse(source: str, text: str) -> None:
    with _one_line(source), contextlib.chdir(ROOT):  # gin resolves includes from the working directory.
        gin.parse_config(text)


@contextlib.contextmanager
def _one_line(source: str) -> Iterator[None]:
    """Turns what gin raises into an InputError."""
    logging.disable(logging.ERROR)  # gin logs what it also raises.
    try:
        yield
    except _GIN_ERRORS as error:
        message = " ".join(str(error).partition("In bindings string")[0].split())
        raise InputError(f"Cannot use {source}: {message}{_hint(message)}") from error
    finally:
        logging.disable(logging.NOTSET)


def _hint(message: str) -> str:
    unknown = re.search(r"No configurable matching '(?:\S*[./])?(\w+)'", message)
    names = {selector.rpartition(".")[2] for selector, _ in gin.config._REGISTRY.items()}
    return _did_you_mean(unknown[1], sorted(names)) if unknown else ""


def _did_you_mean(name: str, names: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {close[0]!r}?" if close else ""
