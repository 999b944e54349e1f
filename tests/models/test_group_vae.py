import numpy as np
import pytest

from disent_tf.data.pairs import ImagePairs
from disent_tf.errors import InputError
from disent_tf.models import GroupVAE
from disent_tf.models.pairs import group_average, product_of_experts
from tests import tiny
from tests.models.image_pairs import inferred, pairs, posteriors


@pytest.mark.parametrize(("averaging", "average"), [("gvae", group_average), ("ml_vae", product_of_experts)])
def test_labels_say_what_is_shared(averaging, average):
    model = GroupVAE(**tiny.networks(), averaging=averaging)
    x = pairs(changed=(False, True))  # Two factors: the third dimension belongs to none.
    own = posteriors(model, x)
    for after, before in zip(inferred(model, x), own, strict=True):
        for ours, common, unshared in zip(after, average(*own), before, strict=True):
            expected = np.stack([common[:, 0], unshared[:, 1], common[:, 2]], axis=1)
            np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-6)


def test_more_factors_than_dimensions_are_refused(tmp_path):
    networks = {"encoder": tiny.encoder(2), "decoder": tiny.decoder(2)}
    with pytest.raises(InputError, match="GroupVAE ties a dimension to each of 3 factors, the codes have 2"):
        tiny.train_run(tmp_path / "run", lambda: GroupVAE(**networks), data=ImagePairs(tiny.Squares()))


def test_unknown_averaging_is_refused():
    with pytest.raises(InputError, match=r"GroupVAE.averaging is 'mean'; expected one of 'gvae', 'ml_vae'"):
        GroupVAE(**tiny.networks(), averaging="mean")
