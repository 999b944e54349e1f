"""Which split of which code tells residuals best: trees for many classes at once, on codes that are sorted once.

The criterion is that of regression trees, the decrease of the sum of squares. Sums over bins of each code find where a
good split lies; then every split inside a few bins is looked at, so that the result is close to a search of all splits.
"""

from typing import NamedTuple

import numpy as np
import scipy.sparse

DEPTH = 3
_TIE = 1e-4  # Relative difference of two decreases that rounding in float32 can make.
_PURE = 1e-8  # A decrease that is so small a share of the node's own square is rounding.


class Trees(NamedTuple):
    """A tree for every class: what its nodes ask, one level after the other, the nodes of a level from left to right.

    A point goes right where its rank in the code is above that of the node.
    """

    codes: list[np.ndarray]  # int [num_nodes, num_trees] for every level
    ranks: list[np.ndarray]  # int [num_nodes, num_trees]; the number of points where all go left.


class Growth(NamedTuple):
    """Trees and what they do to the points that they were grown on."""

    trees: Trees
    leaves: np.ndarray  # int [num_trees, num_points], from 0 to 2**DEPTH - 1
    importances: np.ndarray  # [num_codes]: decrease of the mean square, summed over trees; codes that tie share it.


class _Sums(NamedTuple):
    """Residuals of one node of every tree, summed up to the end of each bin: `[num_trees, num_codes, num_bins]`."""

    residuals: np.ndarray
    counts: np.ndarray


class _Split(NamedTuple):
    """The best split of one node of every tree: `[num_trees]`, shares `[num_trees, num_codes]`."""

    code: np.ndarray
    rank: np.ndarray
    decrease: np.ndarray
    shares: np.ndarray  # Of the decrease, among codes that tie.


def leaves(trees: Trees, ranks: np.ndarray) -> np.ndarray:
    """Returns the leaf of every point in every tree, int `[num_trees, num_points]`.

    Args:
      trees: what to descend.
      ranks: of the points, `[num_codes, num_points]`; see `Splits.ranks`.
    """
    node = np.zeros((trees.codes[0].shape[1], ranks.shape[1]), np.int8)
    for codes, limits in zip(trees.codes, trees.ranks, strict=True):
        node = _children(node, codes, limits, ranks)
    return node


class Splits:
    """Where codes `[num_points, num_codes]` can be split: midway between the values that they take."""

    def __init__(self, codes: np.ndarray) -> None:
        values = np.sort(codes, axis=0).T
        middle = 0.5 * values[:, :-1] + 0.5 * values[:, 1:]
        self._thresholds = np.where(middle < values[:, 1:], middle, values[:, :-1])  # Neighbours have no middle.
        self._dtype = np.min_scalar_type(len(codes))

    def ranks(self, codes: np.ndarray) -> np.ndarray:
        """Returns how many splits lie below every point, `[num_codes, num_points]`, of codes `[num_points, ...]`."""
        pairs = zip(self._thresholds, codes.T, strict=True)
        return np.stack([np.searchsorted(thresholds, code) for thresholds, code in pairs]).astype(self._dtype)


class SortedCodes:
    """Codes, sorted, and cut into about `max_bins` bins of equally many points, to grow trees on.

    Args:
      ranks: of the points, `[num_codes, num_points]`; see `Splits.ranks`.
      max_bins: number of bins, or twice as many where many points share values.
    """

    def __init__(self, ranks: np.ndarray, max_bins: int) -> None:
        self.num_codes, self.num_points = ranks.shape
        self._ranks = ranks
        order = np.argsort(ranks, axis=1, kind="stable")
        ends = np.zeros(ranks.shape, bool)  # Whether a split may come after this place.
        ends[:, :-1] = np.diff(np.take_along_axis(ranks, order, axis=1)) > 0
        self._starts = _starts_of_bins(ends, max_bins)
        self._num_bins = self._starts.shape[1] - 1
        self._make_matrix(order)
        self._make_windows(order, ends)

    def grow(self, residuals: np.ndarray) -> Growth:
        """Grows a tree to each row of residuals `[num_trees, num_points]`."""
        columns = np.ascontiguousarray(residuals.T, np.float32)
        # Residual and 1 as one number: a single look-up and a single sum for both. The last point is nobody.
        paired = np.zeros((len(residuals), self.num_points + 1), np.complex64)
        paired[:, :-1] = residuals + 1j
        nodes = [_Sums(self._sum(columns), self._counts)]
        place = np.zeros(residuals.shape, np.int8)
        trees, importances = Trees([], []), np.zeros(self.num_codes)
        for depth in range(DEPTH):
            padded = np.pad(place, ((0, 0), (0, 1)), constant_values=-1)
            splits = [self._best_split(sums, paired, padded == node) for node, sums in enumerate(nodes)]
            trees.codes.append(np.stack([split.code for split in splits]))
            trees.ranks.append(np.stack([split.rank for split in splits]))
            importances += sum(split.decrease @ split.shares for split in splits) / self.num_points
            place = _children(place, trees.codes[-1], trees.ranks[-1], self._ranks)
            if depth < DEPTH - 1:
                nodes = self._sums_of_children(nodes, columns, place)
        return Growth(trees, place, importances)

    def _make_matrix(self, order: np.ndarray) -> None:
        """Makes the matrix that sums over the points of every bin."""
        row_ends = np.append((self._starts[:, :-1] + np.arange(self.num_codes)[:, None] * self.num_points), order.size)
        ones = np.ones(order.size, np.float32)
        shape = (self.num_codes * self._num_bins, self.num_points)
        self._matrix = scipy.sparse.csr_matrix((ones, order.ravel(), row_ends), shape=shape)
        self._counts = self._starts[None, :, 1:].astype(np.float32)  # Points up to the end of each bin.

    def _make_windows(self, order: np.ndarray, ends: np.ndarray) -> None:
        """Makes tables of the points in every bin, in order: `[num_codes, num_bins, width]`."""
        places = np.arange(self.num_points)
        bins = np.stack([np.searchsorted(starts, places, side="right") - 1 for starts in self._starts])
        inside = ends[:, :-1] & (bins[:, :-1] == bins[:, 1:])
        mixed = np.zeros((self.num_codes, self._num_bins), bool)  # Bins of more than one value.
        mixed[np.nonzero(inside)[0], bins[:, :-1][inside]] = True
        self._width = int(np.max(np.diff(self._starts) * mixed))
        place = self._starts[:, :-1, None] + np.arange(self._width)
        code, valid = np.arange(self.num_codes)[:, None, None], place < self._starts[:, 1:, None]
        place = np.minimum(place, self.num_points - 1)
        self._window_points = np.where(valid, order[code, place], self.num_points)
        self._window_ends = valid & ends[code, place]

    def _sum(self, columns: np.ndarray) -> np.ndarray:
        """Returns the sums of columns `[num_points, num_columns]` up to the end of each bin, as `_Sums` has them."""
        bins_last = np.ascontiguousarray((self._matrix @ columns).T)
        return np.cumsum(bins_last.reshape(-1, self.num_codes, self._num_bins), axis=2)

    def _sums_of_children(self, parents: list[_Sums], columns: np.ndarray, place: np.ndarray) -> list[_Sums]:
        """Sums over the left children; the right ones are what is left of the parents."""
        points_first = np.ascontiguousarray(place.T)
        parts = np.empty((self.num_points, 2, len(parents), len(place)), np.float32)
        for node in range(len(parents)):
            np.equal(points_first, 2 * node, out=parts[:, 0, node])
            np.multiply(parts[:, 0, node], columns, out=parts[:, 1, node])
        counts, residuals = np.split(self._sum(parts.reshape(self.num_points, -1)), 2)
        shape, children = (len(parents), len(place), *counts.shape[1:]), []
        for parent, count, residual in zip(parents, counts.reshape(shape), residuals.reshape(shape), strict=True):
            children.append(_Sums(residual, count))
            children.append(_Sums(parent.residuals - residual, parent.counts - count))
        return children

    def _best_split(self, sums: _Sums, paired: np.ndarray, member: np.ndarray) -> _Split:
        total = _Sums(*(part[..., -1:] for part in sums))
        decrease = _decrease(*sums, total)
        bins = np.argmax(decrease, axis=2)
        best = _at(decrease, bins)
        ranks = self._starts[np.arange(self.num_codes), bins + 1] - 1
        if self._width > 1:
            candidates = self._candidate_bins(bins, sums.counts, total.counts)
            inner, inner_ranks = self._best_inside(candidates, sums, total, paired, member)
            ranks = np.where(inner > best, inner_ranks, ranks)
            best = np.maximum(best, inner)
        return self._choose(best, ranks, total)

    def _candidate_bins(self, bins: np.ndarray, count: np.ndarray, total: np.ndarray) -> np.ndarray:
        """Returns the bins beside the best border and those at the ends of the node: `[num_trees, num_codes, 4]`.

        The ends, because a split that sets one point apart is often the best one of a code that tells nothing.
        """
        ends = (np.count_nonzero(count < limit, axis=2) for limit in (0.5, total - 0.5))
        candidates = np.stack(np.broadcast_arrays(bins, bins + 1, *ends), axis=2)
        return np.minimum(candidates, self._num_bins - 1)

    def _best_inside(
        self, bins: np.ndarray, sums: _Sums, total: _Sums, paired: np.ndarray, member: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Returns the best decrease inside the bins, and the rank of the split: both `[num_trees, num_codes]`."""
        code = np.arange(self.num_codes)[:, None]
        flat = self._window_points[code, bins]  # [num_trees, num_codes, num_candidates, width]
        flat += paired.shape[1] * np.arange(len(paired))[:, None, None, None]
        found = paired.take(flat)
        found *= member.take(flat)
        np.cumsum(found, axis=3, out=found)
        residuals, counts = (_before(part, bins)[..., None] for part in sums)
        whole = _Sums(*(part[..., None] for part in total))
        decrease = _decrease(found.real + residuals, found.imag + counts, whole)
        decrease *= self._window_ends[code, bins]
        decrease = decrease.reshape(*bins.shape[:2], -1)
        best = np.argmax(decrease, axis=2)
        candidate, offset = np.divmod(best, self._width)
        return _at(decrease, best), self._starts[np.arange(self.num_codes), _at(bins, candidate)] + offset

    def _choose(self, decrease: np.ndarray, ranks: np.ndarray, total: _Sums) -> _Split:
        best, (residual, count) = decrease.max(axis=1), (part[:, 0, 0].astype(np.float64) for part in total)
        split = best * count > _PURE * residual**2
        ties = (decrease >= best[:, None] * (1 - _TIE)) & split[:, None]
        code = np.argmax(ties, axis=1)
        rank = np.where(split, _at(ranks, code), self.num_points)
        shares = ties / np.maximum(ties.sum(axis=1, keepdims=True), 1)
        return _Split(code, rank, best * count, shares)


def _starts_of_bins(ends: np.ndarray, max_bins: int) -> np.ndarray:
    """Returns where bins start, `[num_codes, num_bins + 1]`, the last at the end; codes of few bins have empty ones."""
    num_points = ends.shape[1]
    cuts = np.arange(1, max_bins)
    even = cuts * num_points // max_bins
    # Mirrored in the middle, so that a code and its negative are cut between the same points.
    wanted = np.where(2 * cuts <= max_bins, even, num_points - even[::-1]) - 1
    starts = []
    for row in ends:
        places = np.flatnonzero(row)
        if len(places) >= max_bins:  # On either side of a value that many points share, which gets a bin of its own.
            above = np.minimum(np.searchsorted(places, wanted), len(places) - 1)
            below = np.maximum(np.searchsorted(places, wanted, side="right") - 1, 0)
            places = places[np.union1d(above, below)]
        starts.append(np.concatenate([[0], places + 1]))
    width = max(map(len, starts)) + 1
    return np.stack([np.pad(row, (0, width - len(row)), constant_values=num_points) for row in starts])


def _decrease(residual: np.ndarray, count: np.ndarray, total: _Sums) -> np.ndarray:
    """Returns the decrease of the sum of squares, per point of the node, of splits with these sums on their left."""
    excess = count * (total.residuals / np.maximum(total.counts, 1))
    np.subtract(residual, excess, out=excess)
    excess *= excess
    sides = total.counts - count
    sides *= count
    excess *= sides > 0  # Else the rounding of an empty side would count.
    excess /= np.maximum(sides, 1, out=sides)
    return excess


def _at(values: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Returns the values at an index of the last axis, which has one axis less or as many."""
    if index.ndim < values.ndim:
        return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]
    return np.take_along_axis(values, index, axis=-1)


def _before(sums: np.ndarray, bins: np.ndarray) -> np.ndarray:
    """Returns the sums up to where bins start."""
    sums = np.broadcast_to(sums, (len(bins), *sums.shape[1:]))
    return np.where(bins > 0, _at(sums, np.maximum(bins - 1, 0)), np.float32(0))


def _children(node: np.ndarray, codes: np.ndarray, limits: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Returns the node of the next level for points in nodes `[num_trees, num_points]`."""
    right = np.zeros(node.shape, bool)
    for index, (code, limit) in enumerate(zip(codes, limits, strict=True)):
        right |= (ranks[code] > limit[:, None]) & (node == index)
    return 2 * node + right
