import pathlib

import numpy as np
import pytest

from disent_tf.data.dsprites import DSprites

_GOLDEN = pathlib.Path(__file__).parents[3] / "shared" / "data" / "dsprites_golden_small.npz"


@pytest.fixture(scope="session")
def dsprites_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dsprites")
    yield folder
    for file in folder.iterdir():  # pytest would keep its 377 MB for three more sessions.
        file.unlink()


@pytest.fixture(scope="session")
def dsprites(dsprites_folder):
    return DSprites(cache_dir=dsprites_folder)


@pytest.fixture(scope="session")
def golden():
    """Real images, uint8 [num, 64, 64], their classes [num, 5] and their rows in the official file [num]."""
    if not _GOLDEN.exists():
        pytest.skip("no real dSprites images at hand")
    with np.load(_GOLDEN) as archive:
        images = np.unpackbits(archive["imgs_packed"], axis=1).reshape(-1, 64, 64)
        return images, archive["latents_classes"], archive["index"]
