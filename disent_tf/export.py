"""A run's model as a SavedModel that needs neither this project nor TensorFlow Probability."""

import os
import pathlib
import shutil

import keras
import tensorflow as tf

from disent_tf.distributions.structure import is_joint
from disent_tf.errors import InputError
from disent_tf.training.checkpointing import load_model
from disent_tf.training.run_folder import RunFolder, check_free


def export(
    run_dir: str | os.PathLike[str], output_dir: str | os.PathLike[str] | None = None, *, overwrite: bool = False
) -> pathlib.Path:
    """Writes the newest checkpoint of a run as a SavedModel; see `save_endpoints` for what it serves.

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


def save_endpoints(model: keras.Model, folder: pathlib.Path) -> None:
    """Writes a SavedModel with four endpoints, each also a signature; all images are float32 in [0, 1].

    encode: images `[num, h, w, c]` -> {"mean", "log_var"}, each `[num, latent_dim]`, of the posterior's marginals, and
      its "covariance" `[num, latent_dim, latent_dim]` if it is joint.
    decode: codes `[num, latent_dim]` -> images.
    reconstruct: images -> images, through the posterior's mean.
    sample: num, an int32 scalar -> images, decoded from draws of the prior.
    """

    def encode(x: tf.Tensor) -> dict[str, tf.Tensor]:
        posterior = model.encode(x)
        moments = {"mean": posterior.mean(), "log_var": 2.0 * tf.math.log(posterior.stddev())}
        return moments | ({"covariance": posterior.covariance()} if is_joint(posterior) else {})

    def sample(num: tf.Tensor) -> tf.Tensor:
        # TensorFlow's global generator: an export has no state of its own to keep.
        return model.decode(model.prior.distribution().sample(num)).mean()

    images = tf.TensorSpec((None, *model.image_shape), tf.float32, name="images")
    codes = tf.TensorSpec((None, model.latent_dim), tf.float32, name="codes")
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("encode", encode, [images])
    archive.add_endpoint("decode", lambda z: model.decode(z).mean(), [codes])
    archive.add_endpoint("reconstruct", model.reconstruct, [images])
    archive.add_endpoint("sample", sample, [tf.TensorSpec((), tf.int32, name="num")])
    archive.write_out(str(folder), verbose=False)
