"""MNIST: handwritten digits (LeCun et al. 1998)."""

from collections.abc import Mapping
from typing import ClassVar

import gin

from disent_tf.data.idx import IdxImages


@gin.register
class MNIST(IdxImages):
    """Grey images of handwritten digits, 60,000 to train on and 10,000 to test; the one factor is the digit.

    Source: LeCun, Bottou, Bengio, Haffner (1998), "Gradient-Based Learning Applied to Document Recognition". Arguments
    are those of `IdxImages`.
    """

    class_names = tuple("0123456789")
    source = "storage.googleapis.com/cvdf-datasets/mnist"
    checksums: ClassVar[Mapping[str, str]] = {  # Those of tensorflow-datasets.
        "train-images-idx3-ubyte.gz": "sha256:440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "train-labels-idx1-ubyte.gz": "sha256:3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "t10k-images-idx3-ubyte.gz": "sha256:8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "t10k-labels-idx1-ubyte.gz": "sha256:f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    }
