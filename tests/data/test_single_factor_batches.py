import numpy as np
import pytest

from disent_tf.data.dsprites import DSprites
from disent_tf.data.held_out import HeldOutCombinations
from disent_tf.data.single_factor_batches import SingleFactorBatches
from disent_tf.data.synthetic_shapes3d import SyntheticShapes3D
from disent_tf.errors import InputError
from tests import tiny


class Factors(tiny.Squares):
    """Shows its factors, from which a test reads what varied."""

    observation_shape = (3,)

    def __getitem__(self, indices):
        return self.indices_to_factors(indices).astype(np.float32)


def batches(data, num, size=16, **options):
    return [
        (batch["images"].numpy(), batch["varying"].numpy()) for batch in data.dataset(size, seed=0, **options).take(num)
    ]


def test_one_factor_varies_and_is_the_one_that_is_named():
    counts = np.zeros(3)
    common = set()
    for factors, varying in batches(SingleFactorBatches(Factors()), 120):
        assert (varying == varying[0]).all() and varying.dtype == np.int32
        others = np.delete(factors, varying[0], axis=1)
        assert (others == others[0]).all()
        common.add(tuple(others[0]))
        assert len(np.unique(factors[:, varying[0]])) > 1
        counts[varying[0]] += 1
    assert counts.min() > 25  # Of 120 batches, 40 are expected of each.
    assert len(common) > 10


def test_its_values_are_uniform():
    values = np.concatenate(
        [factors[:, 1] for factors, varying in batches(SingleFactorBatches(Factors(), ["position_x"]), 100)]
    )
    assert np.bincount(values.astype(int), minlength=4).min() > 330  # Of 1600, 400 are expected of each.


def test_named_factors_vary_with_their_chances():
    data = SingleFactorBatches(Factors(), ["position_y", "size"], [3.0, 1.0])
    assert data.varying_names == ("position_y", "size")
    assert data.columns == [2, 0]
    numbers = np.array([varying[0] for _, varying in batches(data, 200, size=2)])
    assert 0.65 < np.mean(numbers == 0) < 0.85
    for factors, varying in batches(data, 20):
        column = data.columns[varying[0]]
        others = np.delete(factors, column, axis=1)
        assert (others == others[0]).all()


def test_a_resumed_feed_goes_on_where_it_was():
    data = SingleFactorBatches(tiny.Squares())
    for first, second in zip(batches(data, 5)[3:], batches(data, 2, first_batch=3), strict=True):
        np.testing.assert_array_equal(first[0], second[0])
        np.testing.assert_array_equal(first[1], second[1])


@pytest.mark.parametrize(("kind", "image_shape"), [(DSprites, (64, 64, 1)), (SyntheticShapes3D, (64, 64, 3))])
def test_images_of_a_batch_differ_in_one_factor(kind, image_shape):
    (images, varying), *_ = batches(SingleFactorBatches(kind(), [kind.factor_names[-1]]), 1, size=4)
    assert images.shape == (4, *image_shape)
    assert (varying == 0).all()
    assert np.abs(images - images[:1]).max() > 0.1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"names": ["colour"]}, r"SingleFactorBatches.names has 'colour'; expected factors of size, position_x"),
        ({"names": []}, r"SingleFactorBatches.names is \[\]; expected one of size, position_x, position_y"),
        ({"chances": [1.0]}, r"SingleFactorBatches.chances is \[1.0\]; expected 3 numbers"),
        ({"chances": [0, 0, 0]}, r"expected finite numbers, one of them above 0"),
        ({"chances": [1.0, -1.0, 1.0]}, r"SingleFactorBatches.chances is -1.0; expected a number of at least 0"),
    ],
)
def test_bad_arguments_are_errors(arguments, message):
    with pytest.raises(InputError, match=message):
        SingleFactorBatches(tiny.Squares(), **arguments)


def test_data_that_lack_combinations_are_an_error():
    held_out = HeldOutCombinations(tiny.Squares(), where={"size": ("==", 0), "position_x": (">", 1)})
    with pytest.raises(InputError, match=r"HeldOutCombinations, which lacks combinations of factors"):
        SingleFactorBatches(held_out)
