"""A run's model as a SavedModel that needs neither this project nor TensorFlow Probability."""

import os
import pathlib
import shutil

import keras

from disent_tf.errors import InputError
from disent_tf.models.representation_model import RepresentationModel
from disent_tf.training.checkpointing import load_model
from disent_tf.training.run_folder import RunFolder, check_free


def export(
    run_dir: str | os.PathLike[str], output_dir: str | os.PathLike[str] | None = None, *, overwrite: bool = False
) -> pathlib.Path:
    """Writes the newest checkpoint of a run as a SavedModel; the model's `endpoints` say what it serves.

    Returns:
      The folder: `output_dir`, or `export/` in the run folder.

    Raises:
      InputError: there is no run or checkpoint, or the folder exists and `overwrite` is False, or it is not an export.
    """
    run = RunFolder.existing(run_dir)
    target = pathlib.Path(output_dir) if output_dir else run.export
    check_free(target, overwrite=overwrite)
    if target.resolve() == pathlib.Path.cwd():  # The folder is replaced as a whole, under the user's feet.
        raise InputError(f"{str(target)!r} is the working directory; name a folder in it with --output_dir.")
    if target.exists() and not (target / "saved_model.pb").is_file():
        raise InputError(f"{str(target)!r} exists and is not a SavedModel; choose another --output_dir.")
    model = load_model(run_dir)
    partial = target.with_name(f".{target.name}.partial")  # Renamed when whole.
    shutil.rmtree(partial, ignore_errors=True)
    try:
        save_endpoints(model, partial)
        shutil.rmtree(target, ignore_errors=True)
        partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return target


def save_endpoints(model: RepresentationModel, folder: pathlib.Path) -> None:
    """Writes a SavedModel with the model's `endpoints`, each also a signature."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    for name, (function, specifications) in model.endpoints().items():
        archive.add_endpoint(name, function, specifications)
    archive.write_out(str(folder), verbose=False)
