import numpy as np
import pytest
from PIL import Image

from disent_tf.errors import InputError
from disent_tf.visualization.figures import save_gif, save_rows
from disent_tf.visualization.visualize import visualize
from tests import tiny


def test_draws_every_picture_of_a_run_once(tmp_path):
    tiny.train_run(tmp_path / "run")
    paths = visualize(tmp_path / "run", data=tiny.Squares(), num_frames=6)
    assert [path.name for path in paths] == ["reconstructions.png", "traversals.png", "traversals.gif"]
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 16
            assert len(np.unique(np.asarray(picture.convert("L")))) > 1
    with Image.open(paths[2]) as gif:
        assert gif.size == (3 * 18 - 2, 4 * 18 - 2)  # A column for each dimension, a row for each of four images.
        assert gif.n_frames > 1
    with pytest.raises(InputError, match="figures' exists; replace it with --overwrite"):
        visualize(tmp_path / "run", data=tiny.Squares())


def test_gif_holds_its_frames(tmp_path):
    frames = [np.full((8, 9, 3), value, np.uint8) for value in (0, 100, 200)]
    save_gif(tmp_path / "x.gif", frames, frames_per_second=5)
    with Image.open(tmp_path / "x.gif") as gif:
        assert (gif.n_frames, gif.size, gif.info["duration"], gif.info["loop"]) == (3, (9, 8), 200, 0)
        shades = []
        for i in range(3):
            gif.seek(i)
            shades.append(np.asarray(gif.convert("L"))[0, 0])
    np.testing.assert_allclose(shades, [0, 100, 200], atol=2)


def test_rows_keep_their_pixels(tmp_path):
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[10:] = 255
    save_rows(tmp_path / "x.png", picture, ["first", "second"], "title")
    with Image.open(tmp_path / "x.png") as png:
        shades = np.asarray(png.convert("L"))
    assert (shades == 0).sum() > 100
    assert (shades == 255).sum() > 100
