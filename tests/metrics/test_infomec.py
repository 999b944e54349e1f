import math

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from disent_tf.errors import InputError
from disent_tf.metrics import _predictive_information, infomec
from disent_tf.metrics.utils import TrainAndTest


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    options = {"num_train": 1500, "num_test": 1000, **options}
    return infomec.compute_infomec(data, representation_function, np.random.RandomState(seed), **options)


def _told(codes, factors, **options):
    return _predictive_information.predictive_information(TrainAndTest(codes, factors, codes, factors), **options)


@pytest.mark.parametrize(
    ("information", "expected"),
    [
        ([[1.0, 0.0], [0.0, 0.5]], 1.0),
        ([[1.0, 0.2], [1.0, 0.2]], 0.0),
        ([[0.6, 0.0], [0.3, 0.0], [0.1, 0.0]], (0.6 - 1 / 3) / (2 / 3) / 2),  # A column of zeros counts as equal.
        ([[0.3, 0.0]], 0.5),  # A single row has all that there is.
        (np.zeros((0, 2)), 0.0),
        (np.zeros((2, 0)), 0.0),
    ],
)
def test_concentration(information, expected):
    assert infomec.concentration(np.array(information)) == pytest.approx(expected, abs=1e-12)


def test_scores_are_those_of_the_saved_matrix(golden, tmp_path):
    data = golden.data("small", "g_collapsed")
    scores = _score(data, artifact_dir=tmp_path)
    with np.load(tmp_path / "infomec.npz") as saved:
        known = saved["normalized_information"][saved["active"]]
        assert scores["infoe"] == pytest.approx(saved["explicitness_train"].mean())
    assert (known.shape, scores["num_active_dims"]) == ((9, 4), 9)
    infom = (np.mean(known.max(1) / known.sum(1)) - 1 / 4) / (1 - 1 / 4)
    infoc = (np.mean(known.max(0) / known.sum(0)) - 1 / 9) / (1 - 1 / 9)
    assert (scores["infom"], scores["infoc"]) == pytest.approx((infom, infoc), rel=1e-9)


def test_perfect_rotated_and_noisy_codes(data_of):
    rotation = np.linalg.qr(np.random.RandomState(0).standard_normal((4, 4)))[0]
    perfect = _score(data_of(lambda factors, noise: np.hstack([factors, 0.01 * noise])))
    rotated = _score(data_of(lambda factors, noise: factors @ rotation))
    noise = _score(data_of(lambda factors, noise: noise))
    assert min(perfect[key] for key in ("infom", "infoc", "infoe", "infoe_test")) > 0.97
    assert perfect["num_active_dims"] == 4
    assert max(rotated["infom"], rotated["infoc"]) < 0.7
    assert rotated["infoe"] > 0.95  # Linear classifiers do not mind.
    assert noise["infoc"] < 0.5
    assert -0.05 < noise["infoe_test"] < 0.0 < noise["infoe"] < 0.05


def test_merged_codes_are_not_modular_but_compact(golden):
    scores = _score(golden.data("small", "h_merged"))
    assert scores["infom"] < 0.8
    assert scores["infoc"] > 0.95


def test_explicitness_is_an_entropy_in_closed_form():
    # A code that is right half of the time and says nothing otherwise, as labels: half of the entropy.
    factor = np.tile(np.arange(4), 200)[:, None]
    code = np.where(np.arange(800)[:, None] % 8 < 4, factor, 9)
    told = _told(code, factor, discrete_codes=True)
    np.testing.assert_allclose([told.train, told.test], 0.5, atol=1e-3)


def test_explicitness_of_a_linear_classifier_misses_what_is_not_linear():
    signs = np.random.RandomState(0).randint(2, size=(2000, 2))
    parity = signs[:, :1] ^ signs[:, 1:]
    assert _told(signs * 1.0, parity).train[0] == pytest.approx(0.0, abs=0.01)
    both = 2 * signs[:, :1] + signs[:, 1:]
    assert _told(both, parity, discrete_codes=True).train[0] == pytest.approx(1.0, abs=0.01)


def test_explicitness_is_that_of_scikit_learns_classifier():
    random_state = np.random.RandomState(0)
    factors = random_state.randint([2, 5], size=(500, 2))
    codes = factors + 0.7 * random_state.standard_normal((500, 2))
    points = TrainAndTest(codes[:300], factors[:300], codes[300:], factors[300:])
    told = _predictive_information.predictive_information(points)
    for k, factor in enumerate(factors.T):
        scaled = (codes - codes[:300].mean(axis=0)) / codes[:300].std(axis=0)
        model = LogisticRegression(C=1e8, max_iter=1000).fit(scaled[:300], factor[:300])
        frequencies = np.bincount(factor[:300]) / 300
        for part, found in ((slice(300), told.train), (slice(300, None), told.test)):
            loss = log_loss(factor[part], model.predict_proba(scaled[part]))
            assert found[k] == pytest.approx(1 + loss / np.log(frequencies[factor[part]]).mean(), abs=1e-4)


def test_sure_and_wrong_is_finite():
    codes = np.repeat([[0.0], [1.0]], 50, axis=0)
    labels = np.repeat([[0], [1]], 50, axis=0)
    far = TrainAndTest(codes, labels, 1e6 * (1 - 2 * codes), labels)
    assert -1e9 < _predictive_information.predictive_information(far).test[0] < -1e3


def test_explicitness_does_not_depend_on_jobs_or_order():
    random_state = np.random.RandomState(0)
    factors = random_state.randint(5, size=(400, 3))
    codes = np.hstack([factors, factors]) + random_state.standard_normal((400, 6))
    one, two = (_told(codes, factors, num_jobs=jobs) for jobs in (1, 2))
    reordered = _told(codes[:, [4, 2, 0, 1, 5, 3]], factors)
    for other in (two, reordered):
        np.testing.assert_array_equal(one.train, other.train)
        np.testing.assert_array_equal(one.test, other.test)


def test_values_that_were_not_trained_on_are_left_out():
    codes, factors = np.arange(40)[:, None] % 4, np.arange(40)[:, None] % 2
    points = TrainAndTest(codes, factors, np.vstack([codes, [[7]]]), np.vstack([factors, [[5]]]))
    told = _predictive_information.predictive_information(points, discrete_codes=True)
    assert told.test == pytest.approx(told.train)
    only_new = TrainAndTest(codes, factors, codes, np.full_like(factors, 5))
    assert np.isnan(_predictive_information.predictive_information(only_new).test[0])


def test_discrete_codes_are_labels(golden):
    data = golden.data("small", "a_identity")
    scores = _score(data, lambda x: np.sign(x[:, :5]) * 100 + np.round(x[:, :5] * 3) % 3, discrete_codes=True)
    assert 0.5 < scores["infoe"] <= 1.0
    labels = np.tile(np.arange(6), 50)
    shuffled = np.array([3, 0, 5, 1, 4, 2])[labels]
    share = infomec.normalized_information(shuffled[:, None], labels[:, None], discrete_codes=True)
    assert share[0, 0] == pytest.approx(1.0)


def test_dead_codes_single_and_constant_factors(gridless_data):
    dead = _score(gridless_data, lambda x: np.full((len(x), 3), 0.1), num_train=300)
    scores = {key: dead[key] for key in ("infom", "infoc", "num_active_dims")}
    assert scores == {"infom": 0.0, "infoc": 0.0, "num_active_dims": 0}
    assert dead["infoe"] == pytest.approx(0.0, abs=1e-6)
    factors = np.stack([np.tile(np.arange(4), 50), np.full(200, 3)], axis=1)
    share = infomec.normalized_information(factors, factors)
    np.testing.assert_allclose(share, [[1.0, 0.0], [0.0, 0.0]], atol=0.01)
    assert np.isnan(_told(factors, factors).train[1])


def test_inactive_codes_are_those_of_small_range():
    codes = np.array([[0.0, 0.0, 0.0, 5.0], [1.0, 0.05, 0.06, 5.0]])
    np.testing.assert_array_equal(infomec.active_codes(codes), [True, False, True, False])
    np.testing.assert_array_equal(infomec.active_codes(codes, 0.0), [True, True, True, False])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_train": 1}, "num_train is 1"), ({"num_test": 0}, "num_test is 0"), ({"num_neighbors": 0}, "num_neighbors")],
)
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _score(gridless_data, **options)
    assert "\n" not in str(error.value)


def test_bad_arrays_are_told():
    with pytest.raises(InputError, match="no factor takes more than one value"):
        infomec.normalized_information(np.zeros((3, 2)), np.zeros((3, 2)))
    assert math.isnan(_told(np.zeros((3, 2)), np.zeros((3, 2))).train[0])
