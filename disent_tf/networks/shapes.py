"""Checks of the shapes that networks are asked to serve."""

from disent_tf.errors import InputError


def check_image_shape(network: str, image_shape: tuple[int, int, int], divisor: int = 1) -> None:
    """Raises InputError unless `image_shape` is (height, width, channels), both sides divisible by `divisor`."""
    valid = isinstance(image_shape, (tuple, list)) and len(image_shape) == 3
    valid = valid and all(isinstance(size, int) and size > 0 for size in image_shape)
    if not valid or image_shape[0] % divisor or image_shape[1] % divisor:
        raise InputError(
            f"{network} cannot serve image_shape {image_shape!r}: expected (height, width, channels) with height and "
            f"width divisible by {divisor}; choose another network or resize the images."
        )
