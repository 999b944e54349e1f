"""What principal component analysis says of a data set."""

import gin
import numpy as np
from sklearn.decomposition import PCA

from disent_tf.checks import check_positive, check_seed
from disent_tf.data.ground_truth import GroundTruthData
from disent_tf.errors import InputError


@gin.register
def pca_variances(
    data: GroundTruthData, num_components: int, *, num_images: int = 10_000, seed: int = 0
) -> tuple[float, ...]:
    """Returns the largest eigenvalues of the pixels' covariance, in descending order, to four digits.

    The variances of the anisotropic prior of Mathieu et al. (2019), their experiment on independence. Their code
    decomposes images that are not centred and takes the smallest of twenty values; these are the largest of centred
    images.

    Args:
      data: whose images are decomposed.
      num_components: how many eigenvalues.
      num_images: images drawn, without replacement; all if there are fewer.
      seed: of the draw.

    Raises:
      InputError: there are not as many components that vary.
    """
    check_positive(num_components=num_components, num_images=num_images)
    check_seed(seed)
    random_state = np.random.RandomState(seed)
    indices = np.sort(random_state.permutation(len(data))[:num_images])
    pixels = data[indices].reshape(len(indices), -1)
    if num_components > min(pixels.shape):
        raise InputError(
            f"{num_components} principal components asked of {pixels.shape[0]} images of {pixels.shape[1]} values; "
            f"expected at most {min(pixels.shape)}: lower latent_dim or raise pca_variances.num_images."
        )
    solver = PCA(num_components, svd_solver="randomized", random_state=random_state)
    variances = solver.fit(pixels).explained_variance_
    if variances[-1] <= 1e-9 * variances[0]:
        raise InputError(f"The images vary along fewer than {num_components} principal components; lower latent_dim.")
    # Four digits: the last ones depend on the number of threads, and a resumed run must get the same prior.
    return tuple(float(f"{variance:.4g}") for variance in variances)
