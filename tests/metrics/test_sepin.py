import math

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.metrics import sepin
from disent_tf.metrics.separated_information import SeparatedInformation


def _identity(observations):
    return observations


def _score(data, representation_function=_identity, seed=0, **options):
    return sepin.compute_sepin(data, representation_function, np.random.RandomState(seed), **options)


INFORMATION = SeparatedInformation(np.array([0.5, 2.0, 1.0, 0.0]), np.array([0.4, 1.0, 0.1, 0.0]), 3.0)


@pytest.mark.parametrize(("k", "expected"), [(1, 1.0), (2, 1.1 / 2), (3, 1.5 / 3), (4, 1.5 / 4), (9, 1.5 / 4)])
def test_sepin_is_the_mean_over_the_most_informative_codes(k, expected):
    assert sepin.sepin_at(INFORMATION, k) == pytest.approx(expected)


def test_codes_that_are_equally_informative_share_the_last_place():
    tied = SeparatedInformation(np.array([1.0, 2.0, 1.0]), np.array([0.2, 1.0, 0.6]), 3.0)
    assert sepin.sepin_at(tied, 2) == pytest.approx((1.0 + 0.4) / 2)


def test_wsepin_weighs_by_informativeness():
    assert sepin.wsepin(INFORMATION) == pytest.approx((0.5 * 0.4 + 2.0 * 1.0 + 1.0 * 0.1) / 3.5)
    assert sepin.wsepin(SeparatedInformation(np.zeros(2), np.zeros(2), 0.0)) == 0.0


def test_perfect_redundant_and_constant_codes(data_of):
    perfect = _score(data_of(lambda factors, noise: np.hstack([factors, 0.01 * noise])))
    assert perfect["num_active_dims"] == 4
    assert perfect["wsepin"] == pytest.approx(perfect["wsepin_normalized"] * 1.43, abs=0.02)
    assert perfect["wsepin_normalized"] > 0.95
    assert perfect["sepin_at_1"] == pytest.approx(math.log(5), abs=0.03)
    twice = _score(data_of(lambda factors, noise: np.hstack([factors, 2 * factors])))
    assert twice["wsepin"] == pytest.approx(0.0, abs=1e-12)
    dead = _score(data_of(lambda factors, noise: np.full_like(noise, 0.1)), num_train=100)
    assert (dead["wsepin"], dead["wsepin_normalized"], dead["sepin_at_3"], dead["num_active_dims"]) == (0, 0, 0, 0)


def test_saturation_warns_of_too_few_points(gridless_data):
    scores = _score(gridless_data, num_train=1000)
    assert scores["saturation"] == pytest.approx(1.0, abs=0.01)  # Ten codes of five bins.
    assert scores["wsepin"] < 0.01
    assert _score(gridless_data, lambda x: x[:, :3], num_train=1000)["saturation"] < 0.75


def test_result_and_artifact(gridless_data, tmp_path):
    scores = _score(gridless_data, lambda x: x[:, :2], artifact_dir=tmp_path, num_train=300, top_k=(2,))
    keys = ["wsepin", "wsepin_normalized", "sepin_at_2", "saturation", "num_active_dims", "num_bins", "num_train"]
    assert list(scores) == keys
    with np.load(tmp_path / "sepin.npz") as saved:
        assert saved["separated"].mean() == pytest.approx(scores["sepin_at_2"])


@pytest.mark.parametrize(
    ("options", "message"),
    [({"num_train": 1}, "num_train is 1"), ({"num_bins": 0}, "num_bins"), ({"top_k": [0]}, "is 0")],
)
def test_bad_numbers_are_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _score(gridless_data, **options)
    assert "\n" not in str(error.value)
