"""Codes that are computed once and serve every metric."""

from concurrent import futures
from typing import Any

import numpy as np

from disent_tf.errors import InputError
from disent_tf.metrics import _checks, _encoding
from disent_tf.metrics._encoding import RepresentationFunction

_TABLE_BYTES = 2**31  # The largest table that is worth its memory: 50 million codes of ten float32.


class Representation:
    """A full grid whose observations are the codes of another data set's, each encoded at most once.

    It has the sampling protocol of that data, so a metric takes it as its data, with `as_codes` for the
    representation function, and gives the score that it gives on the original. An observation is encoded when it is
    first asked for; its code is kept in a table of the whole grid, or in a cache where the grid is too large for one.

    Args:
      ground_truth_data: data that says `is_full_grid`: an observation is a function of its factors.
      representation_function: observations `[num, ...]` to codes `[num, num_codes]`.
      images_per_call: observations that are encoded at once.

    Raises:
      InputError: the observations of the data may be random, or the codes cannot be used.
    """

    is_full_grid = True
    observations_per_call = 1 << 16  # Of codes, not of images: see `_draws`.

    def __init__(
        self,
        ground_truth_data: Any,
        representation_function: RepresentationFunction,
        *,
        images_per_call: int = _encoding.IMAGES_PER_CALL,
    ) -> None:
        _checks.require_at_least(1, images_per_call=images_per_call)
        if not getattr(ground_truth_data, "is_full_grid", False):
            message = "the data do not say is_full_grid, so their observations may be random and cannot be kept; "
            raise InputError(message + "expected a full grid: give the data to the metric as they are.")
        self._data, self._represent, self._images_per_call = ground_truth_data, representation_function, images_per_call
        self._store: _Table | _Cache | None = None  # Made with the first code, which tells how long a code is.
        self.factor_sizes = tuple(int(size) for size in ground_truth_data.factor_sizes)
        self.factors_num_values = self.factor_sizes
        self.num_factors = len(self.factor_sizes)
        self.factor_names = tuple(getattr(ground_truth_data, "factor_names", map(str, range(self.num_factors))))

    @classmethod
    def of_codes(cls, codes: np.ndarray, factor_sizes: tuple[int, ...]) -> "Representation":
        """Returns the representation whose codes `[num_rows, num_codes]` are at hand, for the grid in C order."""
        return cls(_Codes(np.asarray(codes), tuple(factor_sizes)), as_codes)

    def __len__(self) -> int:
        return int(np.prod(self.factor_sizes))

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        """Returns the codes `[num, num_codes]` of rows `[num]` of the grid, in C order."""
        indices = np.asarray(indices)
        if self._store is None:
            if not indices.size:
                return self._encode(self._data[np.zeros(1, np.int64)])[:0]
            first = self._encode(self._data[indices[:1]])
            self._store = (_Table if len(self) * first.nbytes <= _TABLE_BYTES else _Cache)(len(self), first)
            self._store.put(indices[:1], first)
        self._add(self._store, np.unique(self._store.missing(indices)))
        return self._store.get(indices)

    def factors_to_indices(self, factors: np.ndarray) -> np.ndarray:
        """Returns the grid rows, int64 `[num]`, of factors `[num, num_factors]`; ValueError if one is out of range."""
        return np.ravel_multi_index(tuple(np.asarray(factors).T), self.factor_sizes)

    def sample_factors(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws factors uniformly, int64 `[num, num_factors]`, column by column."""
        return np.stack([random_state.randint(size, size=num) for size in self.factor_sizes], axis=1)

    def sample_observations_from_factors(self, factors: np.ndarray, random_state: np.random.RandomState) -> np.ndarray:
        """Returns the codes `[num, num_codes]` of factors `[num, num_factors]`."""
        del random_state  # The factors determine the observation.
        return self[self.factors_to_indices(factors)]

    def sample(self, num: int, random_state: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
        """Draws factors `[num, num_factors]` and then the codes `[num, num_codes]` of their observations."""
        factors = self.sample_factors(num, random_state)
        return factors, self.sample_observations_from_factors(factors, random_state)

    def sample_observations(self, num: int, random_state: np.random.RandomState) -> np.ndarray:
        """Draws the codes `[num, num_codes]` of `num` observations."""
        return self.sample(num, random_state)[1]

    def _add(self, store: "_Table | _Cache", rows: np.ndarray) -> None:
        """Encodes rows; the observations of the next call are read while those of one are encoded."""
        calls = [rows[start : start + self._images_per_call] for start in range(0, len(rows), self._images_per_call)]
        with futures.ThreadPoolExecutor(1) as reader:
            coming = [reader.submit(self._data.__getitem__, call) for call in calls[:1]]
            for number, call in enumerate(calls, start=1):
                observations = coming.pop().result()
                coming += [reader.submit(self._data.__getitem__, following) for following in calls[number : number + 1]]
                store.put(call, self._encode(observations))

    def _encode(self, observations: np.ndarray) -> np.ndarray:
        codes = np.asarray(self._represent(observations))
        _encoding.encode(lambda _: codes, observations)  # Its checks: one finite row each.
        return codes


def as_codes(observations: np.ndarray) -> np.ndarray:
    """The representation function of a `Representation`, whose observations are codes: returns them as they are."""
    return observations


class _Codes:
    """A grid whose observations are given codes."""

    is_full_grid = True

    def __init__(self, codes: np.ndarray, factor_sizes: tuple[int, ...]) -> None:
        if codes.ndim != 2 or len(codes) != np.prod(factor_sizes):
            message = f"codes have shape {codes.shape}; expected one row for each of the {np.prod(factor_sizes)} rows "
            raise InputError(message + f"of the grid {factor_sizes}: pass [num_rows, num_codes] in C order.")
        self.factor_sizes, self._codes = factor_sizes, codes

    def __getitem__(self, indices: np.ndarray) -> np.ndarray:
        return self._codes[indices]


class _Table:
    """One row for every observation of the grid."""

    def __init__(self, num_rows: int, first: np.ndarray) -> None:
        self._codes = np.zeros((num_rows, first.shape[1]), first.dtype)  # Takes memory only where it is written.
        self._known = np.zeros(num_rows, bool)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        return rows[~self._known[rows]]

    def put(self, rows: np.ndarray, codes: np.ndarray) -> None:
        self._codes[rows] = codes
        self._known[rows] = True

    def get(self, rows: np.ndarray) -> np.ndarray:
        return self._codes[rows]


class _Cache:
    """The rows of a large grid that were asked for."""

    def __init__(self, num_rows: int, first: np.ndarray) -> None:
        del num_rows
        self._place: dict[int, int] = {}
        self._codes = np.zeros((0, first.shape[1]), first.dtype)

    def missing(self, rows: np.ndarray) -> np.ndarray:
        return np.array([row for row in rows.tolist() if row not in self._place], np.int64)

    def put(self, rows: np.ndarray, codes: np.ndarray) -> None:
        start, end = len(self._place), len(self._place) + len(rows)
        if end > len(self._codes):  # Doubled, so that growing costs no more than filling.
            room = np.zeros((max(end, 2 * len(self._codes)), codes.shape[1]), codes.dtype)
            room[:start] = self._codes[:start]
            self._codes = room
        self._codes[start:end] = codes
        self._place.update(zip(rows.tolist(), range(start, end), strict=True))

    def get(self, rows: np.ndarray) -> np.ndarray:
        return self._codes[[self._place[row] for row in rows.tolist()]]
