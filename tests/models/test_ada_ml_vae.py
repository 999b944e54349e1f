from disent_tf.models import AdaMLVAE
from disent_tf.models.pairs import product_of_experts
from tests import tiny
from tests.models.image_pairs import assert_shares_close_dimensions


def test_close_dimensions_are_averaged():
    assert_shares_close_dimensions(AdaMLVAE(**tiny.networks()), product_of_experts)
