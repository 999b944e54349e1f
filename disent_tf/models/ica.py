"""Independent component analysis as a model."""

import logging
import warnings
from typing import Any

import gin
import keras
import numpy as np
from sklearn.decomposition import FastICA
from sklearn.exceptions import ConvergenceWarning

from disent_tf.checks import check_positive
from disent_tf.data.observations import Observations
from disent_tf.errors import InputError
from disent_tf.models.linear_representation import LinearRepresentation
from disent_tf.models.pca import principal_components

_log = logging.getLogger(__name__)


@keras.saving.register_keras_serializable("disent_tf")
@gin.register
class ICA(LinearRepresentation):
    """`latent_dim` independent components of the images, each of variance 1, in no particular order.

    The images are first projected, batch by batch, on as many principal components, which fit in memory; scikit-learn's
    `FastICA` (Hyvärinen & Oja 2000) then turns these.

    Args:
      image_shape: as of `LinearRepresentation`.
      latent_dim: components.
      max_iterations: of FastICA, which says so in the log where they do not suffice.
      **options: of `LinearRepresentation`.

    Raises:
      InputError: a number cannot be used; in training, the images vary along fewer components.
    """

    def __init__(
        self, image_shape: tuple[int, ...], latent_dim: int, *, max_iterations: int = 1000, **options: Any
    ) -> None:
        check_positive(**{"ICA.max_iterations": max_iterations})
        super().__init__(image_shape, latent_dim, **options)
        self.max_iterations = max_iterations

    def fit_at_once(self, data: Observations, seed: int) -> None:
        principal = principal_components(self, data, seed)
        variances = principal.explained_variance_
        if variances[-1] <= 1e-9 * variances[0]:
            raise InputError(f"The images vary along fewer than {self.latent_dim} components; lower latent_dim.")
        codes = np.concatenate([principal.transform(batch) for batch in self.batches(data, seed)])
        solver = FastICA(self.latent_dim, whiten="unit-variance", max_iter=self.max_iterations, random_state=seed)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ConvergenceWarning)
            solver.fit(codes)
        if any(issubclass(warning.category, ConvergenceWarning) for warning in caught):
            _log.warning("FastICA did not converge in %d iterations: raise ICA.max_iterations.", self.max_iterations)
        mean = principal.mean_ + solver.mean_ @ principal.components_
        projection = principal.components_.T @ solver.components_.T
        self.learnt(mean, projection, solver.mixing_.T @ principal.components_, np.ones(self.latent_dim))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"max_iterations": self.max_iterations}
