import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import factor_vae, mig, representation
from disent_tf.metrics.representation import Representation, as_codes

SIZES = (4, 5, 6)


class Grid:
    """Observations that are their row number, and a count of how often each was encoded."""

    is_full_grid = True
    factor_sizes = SIZES
    factor_names = ("a", "b", "c")

    def __init__(self):
        self.encoded, self.calls = np.zeros(120, int), []

    def __getitem__(self, indices):
        return np.asarray(indices)[:, None]

    def represent(self, observations):
        self.calls.append(len(observations))
        self.encoded[observations[:, 0]] += 1
        rows = observations[:, 0]
        return np.stack([rows // 30, rows // 6 % 5 + 0.1 * (rows % 7), rows % 6], axis=1).astype(np.float32)


@pytest.fixture(params=["table", "cache"])
def store(request, monkeypatch):
    if request.param == "cache":
        monkeypatch.setattr(representation, "_TABLE_BYTES", 0)
    return request.param


def test_each_observation_is_encoded_at_most_once(store):
    grid = Grid()
    codes = Representation(grid, grid.represent, images_per_call=50)
    for seed in range(3):
        mig.compute_mig(codes, as_codes, np.random.RandomState(seed), num_train=3000)
    first = grid.encoded.copy()
    np.testing.assert_array_equal(first, 1)
    factor_vae.compute_factor_vae(codes, as_codes, np.random.RandomState(0), num_train=50, num_eval=50)
    np.testing.assert_array_equal(grid.encoded, first)
    assert sum(grid.calls) == 120
    assert max(grid.calls) == 50


def test_rows_are_those_of_the_data(store):
    grid = Grid()
    codes = Representation(grid, grid.represent)
    for rows in ([3, 3, 1], [119, 0, 3], np.arange(120)):
        np.testing.assert_array_equal(codes[rows], Grid().represent(np.asarray(rows)[:, None]))
    assert len(codes) == 120
    assert codes.factor_sizes == SIZES
    assert codes.factor_names == ("a", "b", "c")


def test_scores_are_those_of_the_data_itself(store, data_of):
    table = data_of(lambda factors, noise: np.hstack([factors, noise])).table[::64]
    codes = Representation.of_codes(table, (4, 5, 6, 3))

    class Plain:  # The same points by the sampling protocol alone.
        num_factors = 4
        sample_factors = codes.sample_factors
        sample = codes.sample
        sample_observations = codes.sample_observations
        sample_observations_from_factors = codes.sample_observations_from_factors

    sizes = {"num_train": 200, "num_eval": 100, "num_variance_estimate": 300}
    results = [
        factor_vae.compute_factor_vae(data, as_codes, np.random.RandomState(2), **sizes) for data in (codes, Plain())
    ]
    assert results[0] == results[1]


def test_random_observations_cannot_be_kept(data_of):
    with pytest.raises(InputError, match="do not say is_full_grid"):
        Representation(data_of(lambda factors, noise: noise), as_codes)


@pytest.mark.parametrize("shape", [(119, 2), (120,)])
def test_codes_that_do_not_fit_the_grid_are_an_error(shape):
    with pytest.raises(InputError, match="one row for each of the 120 rows"):
        Representation.of_codes(np.zeros(shape), SIZES)


@pytest.mark.parametrize(
    ("represent", "message"),
    [(lambda x: np.zeros((len(x) + 1, 2)), "codes for"), (lambda x: np.full((len(x), 2), np.nan), "NaN")],
)
def test_codes_that_cannot_be_used_are_an_error(represent, message):
    with pytest.raises(InputError, match=message):
        Representation(Grid(), represent)[np.arange(10)]
