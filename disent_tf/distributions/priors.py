"""Priors p(z): layers, so that their parameters can be trained, that hand out TFP distributions."""

import abc

import gin
import keras
from tensorflow_probability import distributions as tfd


class Prior(keras.layers.Layer, abc.ABC):
    """A distribution over codes z `[latent_dim]`, always in float32."""

    def __init__(self, latent_dim: int, name: str | None = None) -> None:
        super().__init__(name=name, dtype="float32")
        self.latent_dim = latent_dim
        self.built = True

    @abc.abstractmethod
    def distribution(self) -> tfd.Distribution:
        """Returns p(z) with batch shape `[latent_dim]` and scalar events: one factor of the prior per dimension."""

    def get_config(self) -> dict:
        return {"latent_dim": self.latent_dim, "name": self.name}


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class StandardNormal(Prior):
    """p(z) = N(0, I), the prior of Kingma & Welling (2013)."""

    def distribution(self) -> tfd.Normal:
        zeros = keras.ops.zeros(self.latent_dim, "float32")
        return tfd.Normal(zeros, keras.ops.ones_like(zeros))
