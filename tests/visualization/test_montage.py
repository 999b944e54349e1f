import gin
import numpy as np
import pytest
from PIL import Image

from disent_tf.data.color_dsprites import ColorDSprites
from disent_tf.data.factor_table import TabulatedData
from disent_tf.data.given_images import images_of
from disent_tf.data.pinwheel import Pinwheel
from disent_tf.data.split import split_part
from disent_tf.errors import InputError
from disent_tf.visualization.montage import montage, montage_rows
from tests import tiny


class Labelled(TabulatedData):
    """Image i is filled with i / 10; classes 0, 0, 0, 1, 2."""

    factor_names, factor_sizes, observation_shape = ("class",), (3,), (2, 2, 1)
    factor_table = np.array([[0], [0], [0], [1], [2]])

    def __getitem__(self, indices):
        return np.tile(np.asarray(indices, np.float32)[:, None, None, None] / 10, (1, 2, 2, 1))


def test_a_row_for_each_factor_changes_that_factor_alone():
    data = tiny.Squares()
    rows = dict(montage_rows(data, 3, np.random.RandomState(0)))
    assert list(rows) == ["any", *data.factor_names]
    state = np.random.RandomState(0)
    data.sample_observations(3, state)
    start = data.sample_factors(1, state)[0]
    for column, (name, size) in enumerate(zip(data.factor_names, data.factor_sizes, strict=True)):
        values = [0, 1] if size == 2 else [0, 2, 3]  # Of four, three from the first to the last.
        factors = np.tile(start, (len(values), 1))
        factors[:, column] = values
        expected = data.sample_observations_from_factors(factors, None)
        np.testing.assert_array_equal(rows[name][: len(values)], expected)
        assert (rows[name][len(values) :] == 1).all()


def test_noise_is_the_same_along_a_row():
    class Noisy(tiny.Squares):
        def sample_observations_from_factors(self, factors, random_state):
            return np.tile(random_state.random_sample((len(factors), 1, 1, 1)), (1, *tiny.IMAGE_SHAPE))

    rows = montage_rows(Noisy(), 4, np.random.RandomState(0))
    assert len(np.unique(rows[0][1])) > 1
    assert all(len(np.unique(row[:2])) == 1 for _, row in rows[1:])


def test_a_table_has_a_row_for_each_value_of_its_first_factor():
    rows = dict(montage_rows(Labelled(), 2, np.random.RandomState(0)))
    assert list(rows) == ["any", "class 0", "class 1", "class 2"]
    assert set(np.unique(rows["class 0"].round(1))) <= {np.float32(0.0), np.float32(0.1), np.float32(0.2)}
    np.testing.assert_allclose(rows["class 1"][:, 0, 0, 0], [0.3, 1.0])


def test_a_table_is_one_however_it_is_wrapped():
    part = split_part(tiny.Squares(), "train", seed=0)
    names = [name for name, _ in montage_rows(ColorDSprites(part), 3, np.random.RandomState(0))]
    assert names == [name for name, _ in montage_rows(part, 3, np.random.RandomState(0))] == ["any", "size 0", "size 1"]


def test_without_factors_all_rows_are_samples(tmp_path):
    data = images_of(np.random.default_rng(0).integers(0, 255, (9, 4, 4, 3), dtype=np.uint8))
    assert [name for name, _ in montage_rows(data, 3, np.random.RandomState(0))] == 4 * ["any"]
    path = montage(tmp_path / "own.png", data=data, num_columns=3)
    with Image.open(path) as picture:
        assert picture.size[0] > 100


def test_a_picture_is_replaced_only_if_told(tmp_path):
    path = montage(tmp_path / "squares.png", data=tiny.Squares())
    before = path.read_bytes()
    with pytest.raises(InputError, match="exists; replace it with --overwrite"):
        montage(path, data=tiny.Squares(), seed=1)
    assert path.read_bytes() == before
    montage(path, data=tiny.Squares(), seed=1, overwrite=True)
    assert path.read_bytes() != before


def test_what_is_no_image_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"Pinwheel has observations of shape \(2,\); a montage needs images"):
        montage(tmp_path / "points.png", data=Pinwheel())
    with pytest.raises(InputError, match="num_columns"):
        montage(tmp_path / "squares.png", data=tiny.Squares(), num_columns=0)
    assert not list(tmp_path.iterdir())


def test_gin_configures_it(tmp_path):
    gin.bind_parameter("montage.data", tiny.Squares())
    gin.bind_parameter("montage.num_columns", 2)
    assert montage(tmp_path / "a.png").exists()
