"""The standard pictures of a run."""

import os
import pathlib

import gin
import keras
import numpy as np

from disent_tf.checks import check_positive, check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.training.checkpointing import load_model
from disent_tf.training.run_folder import RunFolder, check_free
from disent_tf.visualization.arrays import grid, kl_per_dimension, traversals
from disent_tf.visualization.figures import save_gif, save_rows

_KL_SAMPLE = 1024


@gin.configurable(denylist=["run_dir", "overwrite"])
def visualize(
    run_dir: str | os.PathLike[str],
    *,
    data: GroundTruthData,
    seed: int = 0,
    num_images: int = 10,
    num_values: int = 9,
    num_frames: int = 20,
    limit: float = 2.0,
    overwrite: bool = False,
) -> list[pathlib.Path]:
    """Draws the newest checkpoint of a run into `figures/`.

    - `reconstructions.png`: images and, below them, their reconstructions.
    - `traversals.png`: from the code of one image, every dimension from -limit to limit; rows sorted by KL, largest
      first.
    - `traversals.gif`: the same for several images at once, moving; columns sorted by KL.

    Args:
      run_dir: the run folder.
      data: where the images come from.
      seed: of the choice of images.
      num_images: images reconstructed.
      num_values: columns of the traversals.
      num_frames: frames of the GIF.
      limit: end of the traversals, in standard deviations of the prior.
      overwrite: replace the figures that the run has.

    Returns:
      Paths of the files.

    Raises:
      InputError: there is no run or checkpoint, or the run has figures.
    """
    run = RunFolder.existing(run_dir)
    check_free(run.figures, overwrite=overwrite)
    check_seed(seed)
    check_positive(num_images=num_images, num_values=num_values, num_frames=num_frames)
    model = load_model(run_dir)
    images = data.sample_observations(_KL_SAMPLE, np.random.RandomState(seed))
    kl = kl_per_dimension(model, images)
    order = np.argsort(-kl)

    reconstructions = run.figures / "reconstructions.png"
    rows = np.stack([images[:num_images], model.reconstruct(images[:num_images]).numpy()])
    save_rows(reconstructions, grid(rows), ["image", "reconstruction"], "Reconstructions from the posterior mean")

    still = run.figures / "traversals.png"
    code = model.encode(images[:1]).mean().numpy()[0]
    rows = traversals(model, code, order, np.linspace(-limit, limit, num_values))
    labels = [f"z{dimension}: {kl[dimension]:.2f} nats" for dimension in order]
    save_rows(still, grid(rows), labels, f"Traversals from -{limit:g} to {limit:g}, sorted by KL")

    moving = run.figures / "traversals.gif"
    save_gif(moving, _frames(model, images[:4], order, limit, num_frames))
    return [reconstructions, still, moving]


def _frames(model: keras.Model, images: np.ndarray, order: np.ndarray, limit: float, num: int) -> list[np.ndarray]:
    values = limit * np.sin(np.linspace(0, 2 * np.pi, num, endpoint=False))  # There and back, without a jump.
    codes = model.encode(images).mean().numpy()
    moving = np.stack([traversals(model, code, order, values) for code in codes])  # [image, dimension, value, ...]
    return [grid(moving[:, :, i]) for i in range(num)]
