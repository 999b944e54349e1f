"""The folder of one run: what lies where, and the rule that nothing is overwritten unasked."""

import json
import os
import pathlib
import shutil
from typing import Any, Self

from disent_tf import files
from disent_tf.errors import InputError


class RunFolder:
    """Paths inside a run folder. A folder is a run when it has `run.json`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = pathlib.Path(path)
        self.info = self.path / "run.json"  # versions, git revision, seed, command
        self.config = self.path / "config.gin"  # every binding that the run used
        self.model = self.path / "model.json"  # the model's architecture, as Keras serialises it
        self.checkpoints = self.path / "checkpoints"
        self.curves = self.path / "metrics.csv"  # every logged term, one row per interval
        self.decomposition = self.path / "decomposition.csv"  # MI, TC and dimension-wise KL, at a longer interval
        self.tensorboard = self.path / "tensorboard"
        self.scores = self.path / "scores"  # one file for each metric
        self.matrices = self.path / "matrices"  # what lies behind the scores
        self.figures = self.path / "figures"
        self.export = self.path / "export"

    @classmethod
    def existing(cls, path: str | os.PathLike[str]) -> Self:
        """Returns the run at `path`; InputError if there is none."""
        run = cls(path)
        if not run.info.is_file():
            raise InputError(f"No run in {str(path)!r}: expected a folder that bin/train made, with run.json in it.")
        return run

    def check_available(self, *, overwrite: bool) -> None:
        """Raises InputError unless a new run may be written here."""
        if self.path.resolve() == pathlib.Path.cwd():  # The folder is replaced as a whole, under the user's feet.
            raise InputError(f"{str(self.path)!r} is the working directory; name a folder in it with --output_dir.")
        if not self.path.exists() or (self.path.is_dir() and not any(self.path.iterdir())):
            return
        if not self.info.is_file():
            raise InputError(f"{str(self.path)!r} exists and is not a run folder; choose another --output_dir.")
        if not overwrite:
            raise InputError(
                f"{str(self.path)!r} already holds a run; continue it with --resume, replace it with --overwrite, or "
                "choose another --output_dir."
            )

    def start(self, info: dict[str, Any], model: Any, config: str) -> None:
        """Makes the folder with `run.json`, `model.json` and `config.gin`, all at once, in place of an earlier run."""
        partial = type(self)(self.path.with_name(f".{self.path.name}.partial"))  # Renamed when whole.
        shutil.rmtree(partial.path, ignore_errors=True)
        write_json(partial.model, model)
        files.write_text(partial.config, config)
        write_json(partial.info, info)
        if self.path.exists():  # An earlier run, or an empty folder: `check_available` saw to that.
            shutil.rmtree(self.path)
        partial.path.rename(self.path)


def write_json(path: pathlib.Path, value: Any) -> None:
    """Writes `value` as indented JSON, atomically."""
    files.write_text(path, json.dumps(value, indent=2) + "\n")


def read_json(path: pathlib.Path) -> Any:
    """Returns the content of a JSON file; InputError if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"Cannot read {str(path)!r}: {error}; was it written by bin/train?") from error


def check_free(path: pathlib.Path, *, overwrite: bool) -> None:
    """Raises InputError if `path` exists and may not be replaced."""
    if path.exists() and not overwrite:
        raise InputError(f"{str(path)!r} exists; replace it with --overwrite.")
