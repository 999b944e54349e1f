"""What every data set has in common that is switched on or off by an argument."""

import importlib
import inspect
import pkgutil

import pytest

import disent_tf.data
from disent_tf.errors import InputError
from tests import tiny


def _flags():
    """Yields every class of the data package with each of its arguments that is True or False."""
    for found in pkgutil.iter_modules(disent_tf.data.__path__):
        module = importlib.import_module(f"disent_tf.data.{found.name}")
        for made in vars(module).values():
            if inspect.isclass(made) and made.__module__ == module.__name__:
                parameters = inspect.signature(made).parameters.values()
                yield from ((made, each.name) for each in parameters if each.annotation is bool)


@pytest.mark.parametrize(("made", "flag"), list(_flags()))
def test_a_text_is_no_flag(made, flag, tmp_path):
    others = {"path": tmp_path, "data": tiny.Squares(), "pairs": [("size", "position_x")], "where": {"size": ("==", 0)}}
    known = inspect.signature(made).parameters
    with pytest.raises(InputError, match=rf"{made.__name__}.{flag} is 'False'; expected True or False, without quotes"):
        made(**{name: value for name, value in others.items() if name in known}, **{flag: "False"})
