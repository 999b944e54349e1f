import re
import shutil

import numpy as np
import pytest
from PIL import Image

from disent_tf import config
from disent_tf.distributions.mixtures import GaussianMixture
from disent_tf.errors import InputError
from disent_tf.visualization.aggregate_posterior import aggregate_posterior
from disent_tf.visualization.figures import save_gif, save_rows
from disent_tf.visualization.observations import sample_rows
from disent_tf.visualization.points import points
from disent_tf.visualization.reconstructions import reconstructions
from disent_tf.visualization.traversals import traversal_gif, traversals
from disent_tf.visualization.visualize import visualize
from tests import tiny
from tests.visualization import spiral

IMAGE_FIGURES = [reconstructions, traversals, traversal_gif]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    tiny.train_run(folder)
    return folder


@pytest.fixture
def run_dir(trained, tmp_path):
    """A run without figures."""
    return shutil.copytree(trained, tmp_path / "run")


def draws(model, data, folder, random_state):
    """A figure of two files that tells what it was given."""
    assert (model.latent_dim, type(data)) == (tiny.LATENT_DIM, tiny.Squares)
    paths = [folder / "first.txt", folder / "second.txt"]
    for path in paths:
        path.write_text(str(random_state.rand()))
    return paths


class Corner(spiral.Spiral):
    """Every point at (-1, 1)."""

    def __getitem__(self, indices):
        return np.tile(np.float32([-1.0, 1.0]), (len(indices), 1))


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def colours(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_draws_images_and_traversals(run_dir):
    paths = visualize(run_dir, data=tiny.Squares(), figures=IMAGE_FIGURES)
    assert [path.name for path in paths] == ["reconstructions.png", "traversals.png", "traversals.gif"]
    for path in paths:
        with Image.open(path) as picture:
            assert min(picture.size) > 16
            assert len(np.unique(np.asarray(picture.convert("L")))) > 1
    with Image.open(paths[2]) as gif:
        assert gif.size == (3 * 18 - 2, 4 * 18 - 2)  # A column for each dimension, a row for each of four images.
        assert gif.n_frames > 1


def test_the_gin_file_draws_images_and_traversals(run_dir):
    config.load(["visualize.gin"], ["data = @Squares()", "traversal_gif.num_images = 2"])
    paths = visualize(run_dir)
    assert [path.name for path in paths] == ["reconstructions.png", "traversals.png", "traversals.gif"]
    with Image.open(paths[2]) as gif:
        assert gif.size == (3 * 18 - 2, 2 * 18 - 2)


def test_the_gin_file_knows_the_other_figures(run_dir):
    config.load(["visualize.gin"], ["visualize.figures = [@points, @aggregate_posterior]", "data = @Squares()"])
    with pytest.raises(InputError, match="points draws observations of shape"):
        visualize(run_dir)


def test_each_figure_starts_from_the_seed(run_dir):
    def others(*arguments):
        return [path.rename(path.with_stem(path.stem + "_again")) for path in draws(*arguments)]

    visualize(run_dir, data=tiny.Squares(), figures=[others, draws], seed=3)
    assert names(run_dir / "figures") == ["first.txt", "first_again.txt", "second.txt", "second_again.txt"]
    expected = str(np.random.RandomState(3).rand())
    assert (run_dir / "figures" / "first.txt").read_text() == expected
    assert (run_dir / "figures" / "first_again.txt").read_text() == expected


def test_figures_are_kept_unless_told_otherwise(run_dir):
    visualize(run_dir, data=tiny.Squares(), figures=[reconstructions, draws])
    with pytest.raises(InputError, match="figures' exists; replace it with --overwrite"):
        visualize(run_dir, data=tiny.Squares(), figures=[draws])
    visualize(run_dir, data=tiny.Squares(), figures=[draws], seed=1, overwrite=True)
    assert names(run_dir / "figures") == ["first.txt", "reconstructions.png", "second.txt"]
    assert (run_dir / "figures" / "first.txt").read_text() == str(np.random.RandomState(1).rand())


@pytest.mark.parametrize("figures", [[], 3, [draws, 3], [draws, draws]])
def test_figures_that_are_none_or_twice_the_same_are_an_error(run_dir, figures):
    with pytest.raises(InputError, match=r"No figures to draw: .*bind visualize.figures to a list|is named twice"):
        visualize(run_dir, data=tiny.Squares(), figures=figures)


def test_a_figure_that_cannot_be_drawn_leaves_nothing(run_dir):
    before = names(run_dir)
    with pytest.raises(InputError, match="codes of 2 dimensions, and this model's have 3; train with latent_dim = 2"):
        visualize(run_dir, data=tiny.Squares(), figures=[reconstructions, aggregate_posterior])
    assert names(run_dir) == before


@pytest.mark.parametrize("figure", IMAGE_FIGURES)
def test_images_of_points_are_an_error(figure, tmp_path):
    message = f"{figure.__name__} draws images .* Spiral has observations of shape \\(2,\\); bind visualize.figures"
    with pytest.raises(InputError, match=message):
        figure(spiral.vae(), spiral.Spiral(), tmp_path, np.random.RandomState(0))


def test_points_of_images_are_an_error(tmp_path):
    message = "shape (2,), and Squares has (16, 16, 1); bind visualize.figures"
    with pytest.raises(InputError, match=re.escape(message)):
        points(tiny.vae(), tiny.Squares(), tmp_path, np.random.RandomState(0))


@pytest.mark.parametrize(
    "figure, options",
    [
        (reconstructions, {"num_images": 0}),
        (traversals, {"num_values": 0}),
        (traversals, {"limit": -1.0}),
        (traversal_gif, {"num_frames": 2.5}),
        (traversal_gif, {"limit": "far"}),
        (aggregate_posterior, {"num_points": 0}),
        (aggregate_posterior, {"resolution": 0}),
        (aggregate_posterior, {"vmin": 1.0}),
        (points, {"num_points": 0}),
    ],
)
def test_parameters_that_cannot_be_used_are_an_error(figure, options, tmp_path):
    model, data = (tiny.vae(), tiny.Squares()) if figure in IMAGE_FIGURES else (spiral.vae(), spiral.Spiral())
    with pytest.raises(InputError, match=rf"{next(iter(options))} is .*; expected"):
        figure(model, data, tmp_path, np.random.RandomState(0), **options)
    assert not names(tmp_path)


def test_draws_points_and_their_aggregate_posterior(tmp_path):
    tiny.train_run(tmp_path / "run", spiral.vae, data=spiral.Spiral())
    paths = visualize(tmp_path / "run", data=spiral.Spiral(), figures=[points, aggregate_posterior])
    assert [path.name for path in paths] == ["points.png", "aggregate_posterior.png"]
    shades = colours(paths[0]).reshape(-1, 3)
    for arm in ([68, 1, 84], [33, 145, 140], [253, 231, 37]):  # The first, middle and last colour of viridis.
        assert (abs(shades - arm).max(axis=1) < 8).sum() > 100


def test_aggregate_posterior_is_blue_where_codes_are_and_the_prior_can_be_left_out(tmp_path):
    arguments = spiral.linear_vae(0.1), Corner(), tmp_path, np.random.RandomState(0)
    plain = colours(aggregate_posterior(*arguments, show_prior=False))
    height, width = plain.shape[:2]
    blue = plain[..., 2] - plain[..., 0] > 60
    rows, columns = np.nonzero(blue[:, : width * 3 // 4])  # Without the colour bar.
    assert rows.mean() < height / 2  # z_1 = 1 is above the middle,
    assert columns.mean() < width * 3 / 8  # z_0 = -1 on the left.
    with_prior = colours(aggregate_posterior(*arguments))
    assert (abs(with_prior - plain).max(axis=-1) > 100).sum() > 500


def test_aggregate_posterior_of_a_prior_that_lies_elsewhere_has_no_contours(tmp_path):
    model = spiral.vae(prior=GaussianMixture([[100.0, 100.0]]))
    path = aggregate_posterior(model, spiral.Spiral(), tmp_path, np.random.RandomState(0), resolution=20)
    assert path.is_file()


def test_a_large_data_set_is_sampled_without_repetition():
    rows = sample_rows(tiny.Squares(), 20, np.random.RandomState(0))
    assert len(set(rows)) == 20
    assert max(rows) < len(tiny.Squares())
    np.testing.assert_array_equal(sample_rows(tiny.Squares(), 100, np.random.RandomState(0)), np.arange(32))


def test_more_images_than_usual_can_be_asked_for(tmp_path):
    path = reconstructions(tiny.vae(), tiny.Squares(), tmp_path, np.random.RandomState(0), num_images=1100)
    with Image.open(path) as picture:
        assert picture.width > 1100 * 18


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
