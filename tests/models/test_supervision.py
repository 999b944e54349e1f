import keras
import numpy as np
import pytest

from disent_tf.data.labelled import PartlyLabelled
from disent_tf.errors import InputError
from disent_tf.models import DIPVAE, VAE, BetaTCVAE, FactorVAE
from disent_tf.models.supervision import CovarianceSupervision, CrossEntropySupervision, L2Supervision
from tests import tiny

SIZES = (2, 4, 4)
FACTORS = np.array([[0, 3, 1], [1, 2, 0], [1, 0, 3], [0, 1, 2]], np.float32)
CODES = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
LABELLED = {"images": tiny.images(4), "factors": FACTORS}


def value(supervision, factors=FACTORS):
    return float(supervision.weighted(CODES, factors, step=0))


def test_cross_entropy_with_labels_in_the_unit_interval():
    labels, p = FACTORS / SIZES, 1 / (1 + np.exp(-CODES[:, :3].astype(np.float64)))
    expected = -(labels * np.log(p) + (1 - labels) * np.log(1 - p)).sum(axis=1).mean()
    assert value(CrossEntropySupervision(SIZES, weight=2.0)) == pytest.approx(2 * expected, rel=1e-5)


def test_squared_error_with_a_learned_scale():
    supervision = L2Supervision(SIZES)
    assert value(supervision) == pytest.approx(((CODES[:, :3] - FACTORS) ** 2).sum(axis=1).mean(), rel=1e-5)
    supervision.scale.assign(2.0)
    assert value(supervision) == pytest.approx(((2 * CODES[:, :3] - FACTORS) ** 2).sum(axis=1).mean(), rel=1e-5)
    assert len(supervision.trainable_variables) == 1


def test_squared_error_of_sigmoids():
    errors = 1 / (1 + np.exp(-CODES[:, :3])) - FACTORS / SIZES
    assert value(L2Supervision(SIZES, learn_scale=False)) == pytest.approx((errors**2).sum(axis=1).mean(), rel=1e-5)


def test_covariance_with_other_factors():
    covariance = np.cov(CODES.T, FACTORS.T, bias=True)[:5, 5:]  # Between 5 dimensions and 3 factors.
    covariance[np.arange(3), np.arange(3)] = 0.0
    assert value(CovarianceSupervision(SIZES)) == pytest.approx((covariance**2).sum(), rel=1e-4)


def test_weight_may_be_a_schedule():
    late = keras.optimizers.schedules.PiecewiseConstantDecay([100], [0.0, 4.0])  # disentanglement_lib's fine-tuning.
    supervision = CrossEntropySupervision(SIZES, weight=late)
    assert float(supervision.weighted(CODES, FACTORS, step=100)) == 0.0
    plain = CrossEntropySupervision(SIZES, weight=4.0)
    assert float(supervision.weighted(CODES, FACTORS, step=101)) == pytest.approx(value(plain))
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(supervision))
    assert copy.get_config() == supervision.get_config()


def make(model_class, **options):
    keras.utils.set_random_seed(0)
    if model_class is FactorVAE:
        options["discriminator"] = tiny.discriminator()
    model = model_class(**tiny.networks(), **options)
    model.compile(keras.optimizers.SGD(1e-2), jit_compile=False, run_eagerly=True)
    return model


@pytest.mark.parametrize(
    ("model_class", "options"),
    [(VAE, {}), (FactorVAE, {}), (BetaTCVAE, {"num_data": 32}), (DIPVAE, {"dip_type": "i"})],
)
@pytest.mark.parametrize("supervision", [CrossEntropySupervision, L2Supervision, CovarianceSupervision])
def test_every_objective_can_be_supervised(model_class, options, supervision):
    model = make(model_class, supervision=supervision(SIZES, weight=10.0), **options)
    before = model.encoder.get_weights()
    logs = model.train_on_batch(tiny.images(), LABELLED, return_dict=True)
    assert logs["supervised"] > 0
    assert logs["loss"] == pytest.approx(logs["reconstruction"] + logs["regularizer"] + logs["supervised"], rel=1e-5)
    assert np.abs(before[0] - model.encoder.get_weights()[0]).max() > 0


def test_codes_come_to_follow_the_labels():
    model = make(VAE, supervision=CrossEntropySupervision(SIZES, weight=100.0))
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    data = tiny.Squares()
    factors = data.indices_to_factors(np.arange(32))
    feed = PartlyLabelled(data, num_labelled=200).dataset(32, seed=0)
    model.fit(feed, steps_per_epoch=150, shuffle=False, verbose=0)
    codes = model.encode(data[np.arange(32)]).mean().numpy()
    correlation = np.corrcoef(codes.T, factors.T)[:3, 3:]
    assert np.diag(correlation).min() > 0.9
    assert np.abs(correlation - np.diag(np.diag(correlation))).max() < 0.3


def test_trains_on_a_partly_labelled_data_set(tmp_path):
    data = PartlyLabelled(tiny.Squares(), num_labelled=5)
    tiny.train_run(tmp_path / "run", lambda: VAE(**tiny.networks(), supervision=L2Supervision(SIZES)), data=data)
    assert "supervised" in (tmp_path / "run" / "metrics.csv").read_text().partition("\n")[0]


def test_parts_that_do_not_fit_are_refused(tmp_path):
    supervised = [
        lambda sizes=sizes: VAE(**tiny.networks(), supervision=L2Supervision(sizes)) for sizes in (SIZES, (2, 4))
    ]
    with pytest.raises(InputError, match=r"needs labelled images; set train.data = @PartlyLabelled\(\)"):
        tiny.train_run(tmp_path / "run", supervised[0])
    with pytest.raises(InputError, match=r"expects factors of \(2, 4\) values, the data has \(2, 4, 4\)"):
        tiny.train_run(tmp_path / "run", supervised[1], data=PartlyLabelled(tiny.Squares(), num_labelled=5))
    with pytest.raises(InputError, match="L2Supervision has 4 factors, the codes 3 dimensions"):
        VAE(**tiny.networks(), supervision=L2Supervision((2, 4, 4, 4)))
    with pytest.raises(InputError, match=r"L2Supervision.factor_sizes is \(\); expected positive integers"):
        L2Supervision(())
