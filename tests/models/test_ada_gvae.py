from disent_tf.models import AdaGVAE
from disent_tf.models.pairs import group_average
from tests import tiny
from tests.models.image_pairs import assert_shares_close_dimensions


def test_close_dimensions_are_averaged():
    assert_shares_close_dimensions(AdaGVAE(**tiny.networks()), group_average)
