"""Data whose observation is its own code, and the reference values of other implementations where they are at hand."""

import functools
import json
import math
import pathlib

import gin
import numpy as np
import pytest

_REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
_REFERENCE = _REPOSITORY.parent / "shared"
_GRIDS = {  # Factor sizes, replicates, seeds of noise, rotation and permutation.
    "small": ((4, 5, 6, 3), 256, 102, 202, 302),
    "dsprites": ((3, 6, 40, 32, 32), 1, 101, 201, 301),
}


class TableData:
    """Looks up row `grid row * replicates + drawn replicate` of a table. Any object with these methods must do.

    With one replicate it is a full grid, and says so: then the metrics look many rows up at once.
    """

    def __init__(self, factor_sizes, table):
        self.factor_sizes, self.table = tuple(factor_sizes), table
        self.num_factors = len(self.factor_sizes)
        self.replicates = len(table) // math.prod(self.factor_sizes)
        self.is_full_grid = self.replicates == 1

    def __getitem__(self, indices):
        return self.table[indices]

    def sample_factors(self, num, random_state):
        return np.stack([random_state.randint(size, size=num) for size in self.factor_sizes], axis=1)

    def sample_observations_from_factors(self, factors, random_state):
        rows = np.ravel_multi_index(tuple(factors.T), self.factor_sizes) * self.replicates
        if self.replicates > 1:
            rows = rows + random_state.randint(self.replicates, size=len(factors))
        return self.table[rows]

    def sample(self, num, random_state):
        factors = self.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)

    def sample_observations(self, num, random_state):
        return self.sample(num, random_state)[1]


class GridlessData:
    """Ten factors from 1 to 10 whose sizes are not told; the observation is the factors. As in disentanglement_lib."""

    num_factors = 10
    factors_num_values = (1,) * 10

    def sample_factors(self, num, random_state):
        return random_state.randint(10, size=(num, 10)) + 1

    def sample_observations_from_factors(self, factors, random_state):
        return factors.astype(np.float32)

    def sample(self, num, random_state):
        factors = self.sample_factors(num, random_state)
        return factors, factors.astype(np.float32)

    def sample_observations(self, num, random_state):
        return self.sample(num, random_state)[1]


def standardized_factors(factor_sizes, replicates):
    """Returns the factors of every row of a table, each of mean 0 and variance 1."""
    sizes = np.array(factor_sizes)
    rows = np.repeat(np.arange(math.prod(factor_sizes)), replicates)
    factors = np.stack(np.unravel_index(rows, factor_sizes), axis=1)
    return (factors - (sizes - 1) / 2) / np.sqrt((sizes**2 - 1) / 12)


class Golden:
    """Reference values made by disentanglement_lib; a test that asks for an absent file is skipped."""

    num_codes = 10

    @staticmethod
    @functools.cache
    def json(name):
        return json.loads(_present(_REFERENCE / "golden" / f"{name}.json").read_text())

    @staticmethod
    @functools.cache
    def arrays(name):
        with np.load(_present(_REFERENCE / f"{name}.npz")) as arrays:
            return {key: arrays[key] for key in arrays}

    def exact(self, grid, setting):
        """Returns codes and factors (dimensions are rows), their reference bins and the reference results."""
        arrays = self.arrays(f"golden/inputs_{grid}")
        codes = arrays[f"mus_train_{setting}"].astype(np.float64)
        expected = self.json(f"expected_exact_{grid}")["settings"][setting]
        return codes, arrays["ys_train"].astype(np.int64), arrays[f"bins_train_{setting}"], expected

    def data(self, grid, setting):
        """Rebuilds the data whose observations are the codes of a setting."""
        _present(_REFERENCE / "golden")
        sizes, replicates, noise_seed, rotation_seed, permutation_seed = _GRIDS[grid]
        clean = standardized_factors(sizes, replicates)
        noise = np.random.RandomState(noise_seed).standard_normal((len(clean), self.num_codes))
        seed = permutation_seed if setting == "d_permuted" else rotation_seed
        table = getattr(self, f"_{setting}")(clean, noise, sizes=sizes, seed=seed)
        return TableData(sizes, table.astype(np.float32).astype(np.float64))

    def scores(self, grid, setting, metric):
        """Returns the reference results of whole runs of a metric, or skips: slow ones were not run everywhere."""
        expected = self.json(f"expected_scores_{grid}")[setting]
        if metric not in expected:
            pytest.skip(f"no reference run of {metric} on {grid} {setting}")
        return expected[metric]

    def trained_model(self, model):
        """Returns data whose observations are the codes of a trained model."""
        arrays = self.arrays(f"data/codes_{model}_dsprites")
        codes = arrays["mean"].astype(np.float32).astype(np.float64)
        return TableData([int(size) for size in arrays["factor_sizes"]], codes)

    @staticmethod
    def _with_factors(clean, noise, noise_of_factors=None):
        """Returns the noise with its first columns replaced by the factors."""
        codes = noise.copy()
        codes[:, : clean.shape[1]] = clean if noise_of_factors is None else clean + noise_of_factors
        return codes

    def _a_identity(self, clean, noise, **_):
        return self._with_factors(clean, 0.01 * noise)

    def _b_noisy(self, clean, noise, **_):
        return self._with_factors(clean, noise, 0.3 * noise[:, : clean.shape[1]])

    def _c_rotated(self, clean, noise, *, seed, **_):
        q, r = np.linalg.qr(np.random.RandomState(seed).standard_normal((self.num_codes, self.num_codes)))
        return self._with_factors(clean, 0.1 * noise) @ (q * np.sign(np.diag(r)))

    def _d_permuted(self, clean, noise, *, seed, **_):
        random_state = np.random.RandomState(seed)
        order = random_state.permutation(self.num_codes)
        sign = random_state.choice([-1.0, 1.0], size=self.num_codes)
        codes = self._with_factors(clean, 0.01 * noise)
        codes[:, clean.shape[1]] = 0.5 * clean[:, 2]
        return (codes * sign)[:, order]

    def _e_redundant(self, clean, noise, **_):
        codes = noise.copy()
        for k, factor in enumerate(clean.T):
            codes[:, 2 * k] = factor + 0.1 * noise[:, 2 * k]
            codes[:, 2 * k + 1] = -factor + 0.1 * noise[:, 2 * k + 1]
        return codes

    def _f_noise(self, clean, noise, **_):
        return noise

    def _g_collapsed(self, clean, noise, **_):
        codes = self._b_noisy(clean, noise)
        codes[:, 9] = 0.25
        return codes

    def _h_merged(self, clean, noise, *, sizes, **_):
        rows = np.arange(len(clean)) * math.prod(sizes) // len(clean)  # Row of the grid, without replicates.
        merged, size = rows // math.prod(sizes[2:]), sizes[0] * sizes[1]
        codes = 0.01 * noise
        codes[:, 0] = (merged - (size - 1) / 2) / np.sqrt((size**2 - 1) / 12)
        codes[:, 1 : clean.shape[1] - 1] = clean[:, 2:]
        return codes


def _present(path):
    if not path.exists():
        pytest.skip(f"reference data {path.name} is not here")
    return path


@pytest.fixture(scope="session")
def golden():
    return Golden()


@pytest.fixture
def gridless_data():
    return GridlessData()


@pytest.fixture(scope="session")
def data_of():
    """Returns a function that makes data on a small grid out of a function of factors and noise to codes.

    Factors `[num, 4]` have mean 0 and variance 1; noise `[num, 6]` is drawn 64 times for every factor vector.
    """
    sizes, replicates = (4, 5, 6, 3), 64
    clean = standardized_factors(sizes, replicates)
    noise = np.random.RandomState(0).standard_normal((len(clean), 6))
    return lambda codes_of: TableData(sizes, codes_of(clean, noise))


@pytest.fixture
def clean_gin():
    gin.clear_config()
    yield gin
    gin.clear_config()
