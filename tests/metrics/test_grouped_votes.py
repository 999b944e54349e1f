import numpy as np
import pytest
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import grouped_votes

SETTINGS = ("a_identity", "b_noisy", "c_rotated", "f_noise", "h_merged")


def _votes(codes, factors, seed=0, **options):
    return grouped_votes.disentanglement_votes(codes, factors, np.random.RandomState(seed), **options)


@pytest.mark.parametrize("setting", SETTINGS)
def test_golden_votes(golden, setting):
    codes, factors, _, _ = golden.exact("small", setting)
    expected = golden.json("expected_iffsid")["disentanglement"]["settings"][setting]
    result = _votes(codes.T, factors.T)
    assert [codes.tolist() for codes in result.least_varying] == expected["argmin_dim_per_factor_value"]
    assert result.limit == pytest.approx(expected["infinite_M_limit"], rel=1e-9)
    assert result.score == pytest.approx(expected["mean"], abs=max(4 * expected["std"], 1e-9))
    assert result.votes.sum() == 20_000


@pytest.mark.parametrize("setting", ["a_identity", "f_noise", "h_merged"])
def test_golden_votes_of_subsets(golden, setting):
    codes, factors, _, _ = golden.exact("small", setting)
    expected = golden.json("expected_iffsid")["disentanglement"]["settings"][setting]["seed0_L100_M2000"]
    assert _votes(codes.T, factors.T, max_points=100, num_votes=2000).score == pytest.approx(expected, abs=0.04)


def test_votes_are_those_of_the_protocol_read_plainly():
    state = np.random.RandomState(0)
    factors = np.stack([state.randint(3, size=300), state.randint(4, size=300)], axis=1)
    codes = np.hstack([factors, factors[:, :1] - factors[:, 1:]]) + 0.8 * state.randn(300, 3)
    scaled, votes = codes / codes.std(axis=0, ddof=1), np.zeros((2, 3))
    for _ in range(4000):
        factor = state.randint(2)
        group = scaled[factors[:, factor] == state.choice(np.unique(factors[:, factor]))]
        votes[factor, np.argmin(state.permutation(group)[:20].var(axis=0, ddof=1))] += 1
    result = _votes(codes, factors, max_points=20, num_votes=4000)
    assert np.abs(result.votes - votes).max() < 5 * np.sqrt(4000 * 0.25)
    assert result.score == pytest.approx(votes.max(axis=0).sum() / 4000, abs=0.04)


def test_values_are_drawn_uniformly_however_rare():
    factors = np.repeat([0, 1], [980, 20])[:, None]
    codes = np.random.RandomState(0).randn(1000, 2)
    codes[980:, 1] *= 0.01  # The rare value holds the second code still.
    votes = _votes(codes, factors).votes
    assert votes[0, 1] == pytest.approx(10_000, abs=400)


def test_constant_code_gets_no_vote():
    factors = np.tile(np.arange(4), 50)[:, None]
    codes = np.stack([np.full(200, 0.1), np.random.RandomState(0).randn(200), factors[:, 0]], axis=1)
    result = _votes(codes, factors)
    np.testing.assert_array_equal(result.votes, [[0, 0, 20_000]])
    assert (result.score, result.limit, result.num_active_dims) == (1.0, 1.0, 2)
    assert _votes(codes[:, :1], factors).score == 0.0
    assert _votes(codes, factors, prune_threshold=1.05).num_active_dims == 1


def test_one_code_or_one_factor_is_always_right():
    state = np.random.RandomState(0)
    factors, codes = state.randint(3, size=(100, 2)), state.randn(100, 3)
    assert _votes(codes, factors[:, :1]).score == 1.0  # There is no other factor to be taken for.
    assert _votes(codes[:, :1], factors).score == pytest.approx(0.5, abs=0.02)


def test_same_random_state_same_votes():
    state = np.random.RandomState(0)
    factors, codes = state.randint(3, size=(100, 2)), state.randn(100, 3)
    first, again, other = (_votes(codes, factors, seed, max_points=10, num_votes=500) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first.votes, again.votes)
    assert np.any(first.votes != other.votes)


@pytest.mark.parametrize("df", [2, 9])
def test_golden_student_t_transport(golden, df):
    means = golden.arrays("golden/inputs_iffsid")["student_means"]
    expected = golden.json("expected_iffsid")["student_t_transport"][f"df_{df}"]
    np.testing.assert_allclose(grouped_votes.student_t_transport(means, df), expected, atol=5e-6)  # In float32.


def test_transport_makes_student_t_normal():
    samples = 2.0 + 0.5 * np.random.RandomState(0).standard_t(5, size=5000)
    moved = grouped_votes.student_t_transport(samples, 5, loc=2.0, scale=0.5)
    assert stats.kstest(moved, "norm", args=(2.0, 0.5)).pvalue > 0.01
    assert stats.kstest(samples, "norm", args=(2.0, 0.5)).pvalue < 1e-3


def test_transport_of_far_means_is_finite_and_odd():
    far = np.array([0.0, 1e3, 1e6, -1e3, -1e6])
    moved = grouped_votes.student_t_transport(far, 4)
    np.testing.assert_allclose(moved[3:], -moved[1:3])
    assert 0 == moved[0] < moved[1] < moved[2] < 40


@pytest.mark.parametrize(
    ("codes", "factors", "options", "message"),
    [
        (np.zeros((3, 2)), np.zeros((4, 1)), {}, "3 codes and 4 factors"),
        (np.zeros((4, 2)), np.arange(4)[:, None], {}, "value 0 of factor 0 has a single point"),
        (np.full((4, 2), np.inf), np.zeros((4, 1)), {}, "8 values that are NaN or infinite"),
        (np.zeros((4, 2)), np.zeros((4, 1)), {"max_points": 1}, "max_points is 1"),
        (np.zeros((4, 2)), np.zeros((4, 1)), {"num_votes": 0}, "num_votes is 0"),
    ],
)
def test_bad_input_is_told_in_one_line(codes, factors, options, message):
    with pytest.raises(InputError, match=message) as error:
        _votes(codes, factors, **options)
    assert "\n" not in str(error.value)


def test_bad_transport_is_told():
    with pytest.raises(InputError, match="df is 0"):
        grouped_votes.student_t_transport([0.0], 0)
    with pytest.raises(InputError, match="NaN"):
        grouped_votes.student_t_transport([np.nan], 3)
