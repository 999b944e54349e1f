"""Fashion-MNIST: articles of clothing (Xiao et al. 2017)."""

from collections.abc import Mapping
from typing import ClassVar

import gin

from disent_tf.data.idx import IdxImages


@gin.register
class FashionMNIST(IdxImages):
    """Grey images of clothing, 60,000 to train on and 10,000 to test; the one factor is the kind of article.

    Source: Xiao, Rasul, Vollgraf (2017), "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine Learning
    Algorithms". Licence: MIT. Arguments are those of `IdxImages`.
    """

    class_names = (
        *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
        *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
    )
    source = "github.com/zalandoresearch/fashion-mnist"
    checksums: ClassVar[Mapping[str, str]] = {  # Those of tensorflow-datasets.
        "train-images-idx3-ubyte.gz": "sha256:3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "sha256:a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "sha256:346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "sha256:67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    }
