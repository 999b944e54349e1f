"""Checks of the shapes that networks are asked to serve."""

from disent_tf.errors import InputError


def check_image_shape(network: str, image_shape: tuple[int, ...], divisor: int = 1) -> None:
    """Raises InputError unless `image_shape` is (height, width, channels), both sides divisible by `divisor`."""
    if not _are_sizes(image_shape) or len(image_shape) != 3 or image_shape[0] % divisor or image_shape[1] % divisor:
        raise InputError(
            f"{network} cannot serve image_shape {image_shape!r}: expected (height, width, channels)"
            + (f" with height and width divisible by {divisor}" if divisor > 1 else "")
            + "; choose another network, as fc_encoder and fc_decoder, or resize the images."
        )


def check_any_shape(network: str, image_shape: tuple[int, ...]) -> None:
    """Raises InputError unless `image_shape` is a tuple of sizes, as (height, width, channels) or (2,) for points."""
    if not _are_sizes(image_shape):
        raise InputError(
            f"{network} cannot serve image_shape {image_shape!r}: expected positive integers, as (64, 64, 1) for "
            "images or (2,) for points."
        )


def _are_sizes(shape: object) -> bool:
    is_row = isinstance(shape, (tuple, list)) and len(shape) > 0
    return is_row and all(isinstance(size, int) and size > 0 for size in shape)  # type: ignore[attr-defined]
