"""Principal component analysis as a model."""

import gin
import keras
import numpy as np
from sklearn.decomposition import IncrementalPCA

from disent_tf.data.observations import Observations
from disent_tf.models.linear_representation import LinearRepresentation


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class PCA(LinearRepresentation):
    """The `latent_dim` principal components of the images, largest variance first; not whitened.

    By scikit-learn's `IncrementalPCA`, batch by batch, so that the data need not fit in memory. Arguments are those of
    `LinearRepresentation`.
    """

    def fit_at_once(self, data: Observations, seed: int) -> None:
        solver = principal_components(self, data, seed)
        scale = np.sqrt(solver.explained_variance_)
        self.learnt(solver.mean_, solver.components_.T, solver.components_, scale)


def principal_components(model: LinearRepresentation, data: Observations, seed: int) -> IncrementalPCA:
    """Returns the components, as many as the model has, of the observations that it learns from."""
    solver = IncrementalPCA(model.latent_dim)
    for batch in model.batches(data, seed):
        solver.partial_fit(batch)
    return solver
