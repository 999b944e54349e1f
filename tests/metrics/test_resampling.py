import numpy as np
import pytest
from scipy import stats

from disent_tf.errors import InputError
from disent_tf.metrics import mig, modularity_explicitness, utils
from disent_tf.metrics._mutual_information import mutual_information_matrix
from disent_tf.metrics.resampling import bootstrap, permutation_null


def _mean(values):
    return values.mean()


def _as_they_are(codes, num_bins):
    return codes.astype(int)


def _mig(codes, factors):
    return mig.mutual_information_gap(codes, factors, discretizer_fn=_as_they_are).score


def _information(codes, factors):
    return mutual_information_matrix(codes, factors)[0, 0]


def _modularity(codes, factors):
    bins = utils.histogram_discretize(codes.T).T
    return modularity_explicitness.modularity(mutual_information_matrix(bins, factors))


def _channel(random_state, num_points, num_values):
    """Two factors, each with a code that is right three times in four and another value otherwise."""
    factors = random_state.randint(num_values, size=(num_points, 2))
    wrong = (factors + random_state.randint(1, num_values, size=factors.shape)) % num_values
    return np.where(random_state.uniform(size=factors.shape) < 0.75, factors, wrong), factors


def _information_of_channel(num_values):
    return np.log(num_values) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25 / (num_values - 1))


def test_interval_of_a_mean_is_the_normal_one():
    values = np.random.RandomState(0).standard_normal(400)
    interval = bootstrap(_mean, (values,), random_state=np.random.RandomState(1), num_resamples=4000, confidence=0.9)
    reach = stats.norm.ppf(0.95) * values.std() / 20
    assert interval.score == values.mean()
    assert (interval.low, interval.high) == pytest.approx((interval.score - reach, interval.score + reach), abs=0.005)


def test_interval_is_the_basic_one():
    values = np.random.RandomState(0).exponential(size=60) ** 2  # Skewed.
    interval = bootstrap(_mean, (values,), random_state=np.random.RandomState(1), confidence=0.8)
    low, high = np.quantile(interval.resampled, [0.1, 0.9])
    assert (interval.low, interval.high) == pytest.approx((2 * values.mean() - high, 2 * values.mean() - low))


def test_coverage_for_a_mean():
    random_state = np.random.RandomState(0)
    intervals = [
        bootstrap(
            _mean, (random_state.standard_normal(50),), random_state=random_state, num_resamples=80, confidence=0.9
        )
        for _ in range(200)
    ]
    covered = np.mean([interval.low <= 0.0 <= interval.high for interval in intervals])
    assert 0.82 < covered < 0.95


def test_coverage_for_the_gap():
    random_state = np.random.RandomState(0)
    gap = _information_of_channel(5) / np.log(5)  # Each of the two codes knows nothing of the other factor.
    intervals = [
        bootstrap(_mig, _channel(random_state, 200, 5), random_state=random_state, num_resamples=60) for _ in range(60)
    ]
    assert np.mean([interval.low <= gap <= interval.high for interval in intervals]) > 0.85


def test_coverage_for_information_where_percentiles_fail():
    random_state = np.random.RandomState(0)
    basic, percentiles = [], []
    for _ in range(60):
        codes, factors = _channel(random_state, 300, 8)
        sample = codes[:, :1], factors[:, :1]
        interval = bootstrap(_information, sample, random_state=random_state, num_resamples=50)
        low, high = np.quantile(interval.resampled, [0.025, 0.975])
        truth = _information_of_channel(8)
        basic.append(interval.low <= truth <= interval.high)
        percentiles.append(low <= truth <= high)
    assert np.mean(basic) > 0.7
    assert np.mean(percentiles) < 0.5  # Duplicated points add a second bias to the first.


def test_rows_of_a_sample_stay_together_and_samples_apart():
    train, test = np.arange(20), np.arange(100, 130)

    def check(codes_train, factors_train, codes_test, factors_test):
        np.testing.assert_array_equal(codes_train, -factors_train)
        np.testing.assert_array_equal(codes_test, -factors_test)
        assert (len(codes_train), len(codes_test)) == (20, 30)
        assert codes_train.max() < 100 <= codes_test.min()
        return float(len(np.unique(codes_train)))

    interval = bootstrap(check, (train, -train), (test, -test), random_state=np.random.RandomState(0), num_resamples=20)
    assert interval.score == 20
    assert interval.resampled.max() < 20


def test_permutation_keeps_both_sides_and_breaks_the_pairs():
    codes, factors = np.arange(30), np.arange(30)
    seen = []

    def correlation(codes, factors):
        np.testing.assert_array_equal(np.sort(codes), np.arange(30))
        np.testing.assert_array_equal(factors, np.arange(30))
        seen.append(codes)
        return np.corrcoef(codes, factors)[0, 1]

    null = permutation_null(correlation, (codes, factors), random_state=np.random.RandomState(0), num_permutations=99)
    assert null.score == pytest.approx(1.0)
    assert null.p_value == pytest.approx(0.01)
    assert abs(null.mean) < 0.1
    assert null.high == pytest.approx(stats.norm.ppf(0.95) / np.sqrt(29), abs=0.08)
    assert len(np.unique(seen, axis=0)) == 100


def test_p_values_are_uniform_without_a_relation():
    random_state = np.random.RandomState(0)

    def p_value():
        codes, factors = random_state.standard_normal((2, 40))
        null = permutation_null(np.dot, (codes, factors), random_state=random_state, num_permutations=19)
        return null.p_value

    assert stats.kstest([p_value() for _ in range(200)], "uniform").statistic < 0.13  # In steps of .05.


def test_modularity_of_noise_is_visible_as_noise(golden):
    codes, factors, _, _ = golden.exact("dsprites", "f_noise")
    null = permutation_null(
        _modularity, (codes.T, factors.T), random_state=np.random.RandomState(0), num_permutations=39
    )
    assert 0.55 < null.score < 0.75
    assert null.mean == pytest.approx(null.score, abs=0.05)
    assert null.p_value > 0.05
    codes, factors, _, _ = golden.exact("dsprites", "b_noisy")
    some = permutation_null(
        _modularity, (codes[:5].T, factors.T), random_state=np.random.RandomState(0), num_permutations=39
    )
    assert some.score > 0.95 > some.high
    assert some.p_value == pytest.approx(1 / 40)


def test_null_of_the_gap_is_the_floor_of_noise(golden):
    codes, factors, _, expected = golden.exact("small", "f_noise")

    def gap(codes, factors):
        return mig.mutual_information_gap(codes, factors).score

    null = permutation_null(gap, (codes.T, factors.T), random_state=np.random.RandomState(0), num_permutations=50)
    assert null.score == pytest.approx(expected["discrete_mig"], rel=1e-9)
    assert 0.0 < null.mean < 0.01
    assert null.p_value > 0.05


@pytest.mark.parametrize("function", [bootstrap, permutation_null])
def test_same_random_state_same_result(function):
    sample = _channel(np.random.RandomState(0), 60, 5)
    one, two, other = (function(_mig, sample, random_state=np.random.RandomState(seed)) for seed in (3, 3, 4))
    np.testing.assert_array_equal(one[-1], two[-1])
    assert one[:-1] == two[:-1]
    assert not np.array_equal(one[-1], other[-1])


@pytest.mark.parametrize("function", [bootstrap, permutation_null])
@pytest.mark.parametrize(
    ("samples", "options", "message"),
    [
        ([], {}, "samples have arrays of"),
        ([(np.zeros((3, 1)), np.zeros((4, 1)))], {}, r"\[\[3, 4\]\] rows"),
        ([(np.zeros((0, 1)),)], {}, "rows"),
        ([(np.zeros((3, 1)), np.zeros((3, 1)))], {"confidence": 1.0}, "confidence is 1.0"),
        ([(np.zeros((3, 1)),)], {}, "the score has shape"),
    ],
)
def test_bad_input_is_told_in_one_line(function, samples, options, message):
    with pytest.raises(InputError, match=message) as error:
        function(lambda *arrays: arrays[0], *samples, random_state=np.random.RandomState(0), **options)
    assert "\n" not in str(error.value)


def test_bad_counts_are_told():
    sample = (np.zeros((3, 1)),)
    with pytest.raises(InputError, match="num_resamples is 1"):
        bootstrap(_mean, sample, random_state=np.random.RandomState(0), num_resamples=1)
    with pytest.raises(InputError, match="num_permutations is 0"):
        permutation_null(_mean, sample, random_state=np.random.RandomState(0), num_permutations=0)
