import keras
import numpy as np
import pytest
import tensorflow as tf

from disent_tf.errors import InputError
from disent_tf.models import VAE, Code, FactorVAE
from disent_tf.models.factor_vae import permute_dims
from disent_tf.networks.corruptions import SaltAndPepper
from tests import tiny

BATCH = tiny.images(16)


def make(gamma=10.0, **options):
    keras.utils.set_random_seed(0)
    model = FactorVAE(**tiny.networks(), discriminator=tiny.discriminator(), gamma=gamma, **options)
    model.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    return model


def vae_weights(model):
    return [*model.encoder.get_weights(), *model.decoder.get_weights()]


def assert_equal(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


class KnownRatio(keras.layers.Layer):
    """Logits whose difference is log q(z) - log Π q(z_j) of a normal with correlation rho between two codes."""

    rho = 0.8

    def call(self, z):
        covariance = np.array([[1, self.rho], [self.rho, 1]], np.float32)
        joint = -0.5 * tf.reduce_sum(z @ np.linalg.inv(covariance) * z, axis=1) - 0.5 * np.log(1 - self.rho**2)
        return tf.stack([joint, -0.5 * tf.reduce_sum(z**2, axis=1)], axis=1)


def with_logits(layer, latent_dim):
    inputs = keras.Input((latent_dim,))
    networks = {"encoder": tiny.encoder(latent_dim), "decoder": tiny.decoder(latent_dim)}
    return FactorVAE(**networks, discriminator=keras.Model(inputs, layer(inputs)))


def tc_of(model, z):
    model.regularizer(Code(tf.constant(z), None, None, kl=tf.zeros(len(z)), training=True))
    return float(model.get_metrics_result()["tc_discriminator"])


def test_total_correlation_of_a_known_gaussian():
    z = np.random.default_rng(0).multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 100_000).astype(np.float32)
    assert tc_of(with_logits(KnownRatio(), 2), z) == pytest.approx(-0.5 * np.log(1 - 0.8**2), abs=0.01)


def test_total_correlation_is_not_clamped():
    layer = keras.layers.Dense(2, kernel_initializer="zeros", bias_initializer=lambda *_, **__: [0.0, 1.5])
    assert tc_of(with_logits(layer, 3), np.zeros((4, 3), np.float32)) == pytest.approx(-1.5)


def test_loss_adds_gamma_times_tc():
    model = make(gamma=7.0)
    loss = float(model.compute_loss(BATCH, y_pred=model(BATCH)))
    logs = {name: float(value) for name, value in model.get_metrics_result().items()}
    assert loss == pytest.approx(logs["reconstruction"] + logs["kl"] + 7 * logs["tc_discriminator"], rel=1e-6)


def test_discriminator_loss_never_reaches_the_encoder():
    # Were it to, the encoder would move otherwise than by the gradient of the VAE's loss alone.
    model, reference = make(), make()
    model.train_step(BATCH)
    with tf.GradientTape() as tape:
        loss = reference.compute_loss(BATCH[:8], y_pred=reference(BATCH[:8], training=True))
    gradients = tape.gradient(loss, reference.trainable_variables)
    reference.optimizer.apply(gradients, reference.trainable_variables)
    assert_equal(vae_weights(model), vae_weights(reference))


def test_vae_loss_never_reaches_the_discriminator():
    model = make(discriminator_optimizer=keras.optimizers.SGD(0.0))
    before = model.discriminator.get_weights()
    model.train_step(BATCH)
    assert_equal(before, model.discriminator.get_weights())
    assert not {id(v) for v in model.trainable_variables} & {id(v) for v in model.discriminator.variables}


def test_first_half_trains_the_vae_and_the_second_gives_the_permuted_codes():
    models = [make(), make()]
    models[0].train_step(BATCH)
    models[1].train_step(np.concatenate([BATCH[:8], np.zeros_like(BATCH[:8])]))
    assert_equal(vae_weights(models[0]), vae_weights(models[1]))
    kernels = [model.discriminator.get_weights()[0] for model in models]
    assert np.abs(kernels[0] - kernels[1]).max() > 0


def test_both_halves_are_corrupted_alike():
    class Counting(SaltAndPepper):
        def corrupt(self, x, seed):
            sizes.append(len(x))
            return super().corrupt(x, seed)

    sizes = []
    make(corruption=Counting(0.2)).train_step(BATCH)
    assert sizes == [8, 8]


def test_gamma_zero_takes_the_step_of_a_vae():
    model = make(gamma=0.0)
    keras.utils.set_random_seed(0)
    vae = VAE(**tiny.networks())
    vae.compile(keras.optimizers.SGD(1e-3), jit_compile=False)
    vae.seed_generator.state.assign(model.seed_generator.state)
    model.train_step(BATCH)
    vae.train_step(BATCH[:8])
    for ours, vaes in zip(vae_weights(model), vae_weights(vae), strict=True):
        np.testing.assert_allclose(ours, vaes, rtol=1e-6, atol=1e-8)


def test_discriminator_learns_to_tell_dependent_codes():
    model = make(discriminator_optimizer=keras.optimizers.Adam(1e-2))
    column = np.random.default_rng(0).normal(size=(256, 1)).astype(np.float32)
    z = np.repeat(column, tiny.LATENT_DIM, axis=1)  # The same value in every dimension.
    for _ in range(100):
        model._train_discriminator(z, z)
    assert tc_of(model, z) > 1.0


def test_permutation_keeps_marginals_and_breaks_dependence():
    z = np.repeat(np.arange(500, dtype=np.float32)[:, None], 4, axis=1)
    permuted = permute_dims(z, [0, 1]).numpy()
    np.testing.assert_array_equal(np.sort(permuted, axis=0), z)
    assert np.abs(np.corrcoef(permuted.T) - np.eye(4)).max() < 0.2
    assert np.abs(permuted - permute_dims(z, [0, 2])).max() > 0


def test_evaluation_reports_no_discriminator_loss():
    logs = make().evaluate(BATCH, batch_size=8, verbose=0, return_dict=True)
    assert "discriminator" not in logs
    assert np.isfinite(logs["tc_discriminator"])


def test_odd_batches_and_more_codes_than_a_square_batch():
    logs = make().fit(BATCH[:7], batch_size=7, verbose=0).history
    assert np.isfinite(logs["loss"]).all()


def test_loss_of_float16_is_scaled_for_both_optimizers():
    keras.config.set_dtype_policy("mixed_float16")
    model = make()
    assert [type(optimizer).__name__ for optimizer in model.optimizers] == ["LossScaleOptimizer"] * 2
    logs = model.fit(BATCH, batch_size=16, epochs=8, verbose=0).history
    vae_steps, discriminator_steps = (int(optimizer.inner_optimizer.iterations) for optimizer in model.optimizers)
    # The first scale, 2^15, overflows in the gradient of a loss summed over pixels: those steps are skipped.
    assert 0 < vae_steps < discriminator_steps == 8
    assert float(model.optimizer.dynamic_scale) == 2.0 ** (15 - (8 - vae_steps))
    assert np.isfinite(logs["loss"]).all()


def test_discriminator_that_does_not_fit_is_refused():
    with pytest.raises(InputError, match="expected 2, the latent_dim, to 2 logits"):
        FactorVAE(tiny.encoder(2), tiny.decoder(2), discriminator=tiny.discriminator())
