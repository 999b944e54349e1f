import numpy as np
import pytest
from sklearn.svm import SVC

from disent_tf.errors import InputError
from disent_tf.metrics import svm_accuracy

QUICK = {"num_train": 400, "num_test": 300}


def _identity(observations):
    return observations


def _compute(data, representation_function=_identity, seed=0, **options):
    random_state = np.random.RandomState(seed)
    return svm_accuracy.compute_svm_accuracy(data, representation_function, random_state, **(QUICK | options))


def _rings(num, seed):
    """Returns points of three rings around one centre, which no plane tells apart."""
    state = np.random.RandomState(seed)
    labels, angles = state.randint(3, size=num), 2 * np.pi * state.rand(num)
    radii = 1 + labels + 0.2 * state.randn(num)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1), labels


def test_radial_kernel_tells_rings_apart():
    result = svm_accuracy.svm_accuracy(*_rings(600, 0), *_rings(300, 1))
    assert result.score > 0.95
    assert result.confusion.sum() == 300
    assert np.trace(result.confusion) == round(300 * result.score)
    np.testing.assert_array_equal(result.labels, [0, 1, 2])


@pytest.mark.parametrize("gamma", ["scale", "auto", 0.3])
def test_predictions_are_those_of_scikit_learn(gamma):
    train, test = _rings(200, 0), _rings(200, 1)
    expected = SVC(kernel="rbf", gamma=gamma).fit(*train).score(*test)
    assert svm_accuracy.svm_accuracy(*train, *test, gamma=gamma).score == expected


def test_confusion_has_a_place_for_every_label():
    train = np.array([[0.0], [0.1], [5.0], [5.1]]), [7, 7, 2, 2]
    result = svm_accuracy.svm_accuracy(*train, [[0.0], [5.0], [0.05]], [7, 2, 4])
    np.testing.assert_array_equal(result.labels, [2, 4, 7])
    np.testing.assert_array_equal(result.confusion, [[1, 0, 0], [0, 0, 1], [0, 0, 1]])
    assert result.score == pytest.approx(2 / 3)  # A label that training has not seen is wrong.


def test_single_label_is_the_answer_to_everything():
    result = svm_accuracy.svm_accuracy(np.zeros((5, 2)), np.ones(5, int), np.zeros((4, 2)), [1, 1, 1, 0])
    assert result.score == 0.75


def test_constant_codes_score_the_share_of_a_label(gridless_data):
    result = _compute(gridless_data, lambda x: np.full((len(x), 2), 0.1))
    assert result["test_accuracy"] == pytest.approx(0.1, abs=0.06)


def test_digits_from_their_principal_components(golden):
    train, test = (golden.arrays(f"data/mnist_{part}") for part in ("train", "test"))
    images = train["x"][:3000].reshape(3000, -1) / 255.0
    axes = np.linalg.svd(images - images.mean(axis=0), full_matrices=False)[2][:16]

    def accuracy(fraction):
        return svm_accuracy.compute_svm_accuracy_on_fixed_data(
            train["x"][:3000],
            train["y"][:3000],
            test["x"][:1000],
            test["y"][:1000],
            lambda x: (x.reshape(len(x), -1) / 255.0 - images.mean(axis=0)) @ axes.T,
            np.random.RandomState(0),
            fraction,
        )

    some, all_of_them = accuracy(0.1), accuracy(1.0)
    assert (all_of_them["num_train"], all_of_them["num_test"]) == (3000, 1000)
    assert some["num_train"] == pytest.approx(300, abs=10)
    assert 0.7 < some["test_accuracy"] < all_of_them["test_accuracy"] - 0.02
    assert all_of_them["test_accuracy"] > 0.9


def test_stratified_part_has_the_share_of_each_label():
    labels = np.repeat([5, 1, 3], [100, 10, 1])
    rows = svm_accuracy.stratified_rows(labels, 0.7, np.random.RandomState(0))
    np.testing.assert_array_equal(np.unique(labels[rows], return_counts=True), [[1, 3, 5], [7, 1, 70]])
    assert np.all(np.diff(rows) > 0)
    other = svm_accuracy.stratified_rows(labels, 0.7, np.random.RandomState(1))
    assert np.any(rows != other)
    np.testing.assert_array_equal(svm_accuracy.stratified_rows(labels, 1.0, np.random.RandomState(0)), np.arange(111))


def test_protocol_scores_one_factor(data_of, tmp_path):
    data = data_of(lambda factors, noise: np.hstack([factors[:, 1:2], noise]))
    data.factor_names = ("shape", "scale", "x", "y")
    known = _compute(data, artifact_dir=tmp_path, factor="scale")
    assert known == _compute(data, factor=1)
    assert list(known) == ["test_accuracy", "num_train", "num_test", "factor"]
    assert [known[name] for name in ("num_train", "num_test", "factor")] == [400, 300, 1]
    assert known["test_accuracy"] > 0.7 > 0.4 > _compute(data)["test_accuracy"]
    with np.load(tmp_path / "svm_accuracy.npz") as saved:
        assert saved["confusion"].shape == (5, 5)


def test_scale_of_codes_does_not_matter(data_of):
    data = data_of(lambda factors, noise: factors + noise[:, :4])
    assert _compute(data) == _compute(data, lambda x: 1024.0 * x)
    assert _compute(data, gamma="auto") != _compute(data, lambda x: 1024.0 * x, gamma="auto")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_train": 0}, "num_points is 0"),
        ({"factor": 10}, "factor is 10; expected an index from 0 to 9"),
        ({"factor": "shape"}, "factor is 'shape'"),
        ({"gamma": 0.0}, "gamma is 0.0"),
        ({"gamma": "all"}, "gamma is 'all'"),
        ({"regularization": -1.0}, "regularization -1.0"),
    ],
)
def test_bad_input_is_told_in_one_line(gridless_data, options, message):
    with pytest.raises(InputError, match=message) as error:
        _compute(gridless_data, **options)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("labels", "fraction", "message"),
    [
        (np.zeros(9), 1.0, r"labels have shape \(9,\) for 10 observations"),
        (np.zeros((10, 1)), 1.0, r"labels have shape \(10, 1\)"),
        (np.zeros(10), 0.0, "fraction is 0.0"),
        (np.zeros(10), 1.1, "fraction is 1.1"),
    ],
)
def test_bad_fixed_data_are_told_in_one_line(labels, fraction, message):
    codes = np.zeros((10, 2))
    with pytest.raises(InputError, match=message) as error:
        svm_accuracy.compute_svm_accuracy_on_fixed_data(
            codes, labels, codes, np.zeros(10), _identity, np.random.RandomState(0), fraction
        )
    assert "\n" not in str(error.value)


def test_codes_of_two_models_are_told():
    with pytest.raises(InputError, match="2 columns and codes to test on 3"):
        svm_accuracy.svm_accuracy(np.zeros((4, 2)), np.zeros(4), np.zeros((4, 3)), np.zeros(4))
