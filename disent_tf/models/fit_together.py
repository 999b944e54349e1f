"""Checks that the parts of a model, and what it is fed, fit together: one line for what would fail far inside."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.data.observations import Observations
from disent_tf.distributions.likelihoods import Likelihood
from disent_tf.distributions.posteriors import Posterior
from disent_tf.distributions.priors import Prior
from disent_tf.errors import InputError
from disent_tf.models.supervision import Supervision


def check_part(name: str, part: Any, kind: type) -> None:
    """Raises InputError unless the model's part `name` is an instance of `kind`."""
    if not isinstance(part, kind):
        raise InputError(f"The {name} is {part!r}; expected a {kind.__name__}, in gin written as @Name().")


def check_networks(encoder: keras.Model, decoder: keras.Model, posterior: Posterior, likelihood: Likelihood) -> None:
    """Raises InputError unless the networks give what posterior and likelihood read, for one shape of images."""
    for name, network in {"encoder": encoder, "decoder": decoder}.items():
        if not isinstance(network, keras.Model):
            raise InputError(f"The {name} is {network!r}; expected a keras.Model, in gin written as @{name}().")
        if network.losses:
            raise InputError(
                f"The {name} has losses of its own, such as a kernel_regularizer; the VAE would not see them."
            )
    latent_dim, outputs = decoder.input_shape[-1], encoder.output_shape[-1]
    expected = posterior.num_parameters(latent_dim)
    if outputs != expected:
        raise InputError(
            f"The encoder gives {outputs} values for codes of {latent_dim} dimensions; expected {expected}, the "
            f"parameters of {type(posterior).__name__}; give encoder and decoder the same latent_dim, and the encoder "
            f"num_parameters = {expected}."
        )
    *sides, channels = encoder.input_shape[1:]
    image_shape = (*sides, channels * likelihood.num_parameters)
    if decoder.output_shape[1:] != image_shape:
        raise InputError(
            f"The encoder reads images of shape {encoder.input_shape[1:]}, the decoder writes "
            f"{decoder.output_shape[1:]}, expected {image_shape} for {type(likelihood).__name__}; give both the same "
            f"image_shape, and the decoder num_parameters = {likelihood.num_parameters}."
        )


def check_prior(prior: Prior, latent_dim: int) -> None:
    """Raises InputError unless the prior is over codes of `latent_dim` dimensions."""
    check_part("prior", prior, Prior)
    if prior.latent_dim != latent_dim:
        raise InputError(
            f"{type(prior).__name__} is over {prior.latent_dim} dimensions, the codes have {latent_dim}; give the "
            "prior the same latent_dim (a GaussianMixture has as many as its locations)."
        )


def check_factors(supervision: Supervision, latent_dim: int) -> None:
    """Raises InputError if there are more labels than dimensions of the code to carry them."""
    if len(supervision.factor_sizes) > latent_dim:
        raise InputError(
            f"{type(supervision).__name__} has {len(supervision.factor_sizes)} factors, the codes {latent_dim} "
            "dimensions; expected at least one dimension for each: raise latent_dim."
        )


def check_images(spec: Any, data: Observations, image_shape: tuple[int, ...]) -> None:
    """Raises InputError unless `spec` is a batch of images, or begins with one."""
    images = spec[0] if isinstance(spec, tuple) else spec
    if isinstance(images, dict):
        feeds, learners = (
            ("pairs of images", "AdaGVAE, AdaMLVAE and GroupVAE learn")
            if "changed" in images
            else ("batches of one factor", "DCIGN learns")
        )
        raise InputError(f"The data feeds {feeds}, which only {learners} from; set train.data = %train_data.")
    check_image_shape_of(data, images.shape[1:], image_shape)


def check_support(data: Observations, likelihood: Likelihood) -> None:
    """Raises InputError if the first observations lie where the likelihood has no density."""
    if likelihood.on_unit_interval:
        check_unit_interval(data, type(likelihood).__name__, ", or choose GaussianLikelihood or LaplaceLikelihood")


def check_unit_interval(data: Observations, who: str, otherwise: str = "") -> None:
    """Raises InputError if the first observations have values outside of [0, 1], which `who` asks for."""
    some = data[np.arange(min(len(data), 64))]
    if some.min() < 0 or some.max() > 1:
        raise InputError(
            f"{who} is over values from 0 to 1, {type(data).__name__} has values from {some.min():.3g} to "
            f"{some.max():.3g}; scale the data{otherwise}."
        )


def check_labels(spec: Any, data: Observations, supervision: Supervision) -> None:
    """Raises InputError unless `spec` brings labelled images of the factors that `supervision` knows."""
    if not isinstance(spec, tuple):
        raise InputError("The model's supervision needs labelled images; set train.data = @PartlyLabelled().")
    if not isinstance(data, GroundTruthData):
        raise InputError(f"The model's supervision needs factors, which {type(data).__name__} lacks.")
    if tuple(data.factor_sizes) != supervision.factor_sizes:
        raise InputError(
            f"{type(supervision).__name__} expects factors of {supervision.factor_sizes} values, the data has "
            f"{tuple(data.factor_sizes)}; set factor_sizes = {tuple(data.factor_sizes)}."
        )


def check_pairs(spec: Any, data: Observations, image_shape: tuple[int, ...]) -> None:
    """Raises InputError unless `spec` is a batch of pairs as `ImagePairs` feeds them."""
    if not isinstance(spec, dict) or "changed" not in spec:
        raise InputError("The model learns from pairs of images; set train.data = @ImagePairs().")
    check_image_shape_of(data, spec["images"].shape[2:], image_shape)


def check_image_shape_of(data: Observations, shape: tf.TensorShape, image_shape: tuple[int, ...]) -> None:
    """Raises InputError unless the shape of the data's images is what the model reads."""
    if tuple(shape) != tuple(image_shape):
        raise InputError(
            f"The model reads images of shape {tuple(image_shape)}, {type(data).__name__} has {tuple(shape)}; set "
            f"image_shape = {tuple(shape)}."
        )
