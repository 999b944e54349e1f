import gzip
import hashlib
import struct

import numpy as np
import pytest

from disent_tf.data.idx import IdxImages
from disent_tf.errors import InputError

IMAGES = np.random.default_rng(0).integers(0, 256, (30, 28, 28), dtype=np.uint8)
LABELS = np.arange(30, dtype=np.uint8)[::-1] % 10


def as_idx(array, dtype_code=8):
    sizes = struct.pack(f">{array.ndim}I", *array.shape)
    return bytes((0, 0, dtype_code, array.ndim)) + sizes + array.tobytes()


class Letters(IdxImages):
    class_names = tuple("abcdefghij")
    source = "example.org/letters"
    checksums = {}  # noqa: RUF012


@pytest.fixture
def official(tmp_path):
    """Writes four files as the official ones are, some replaced, and returns their folder."""

    def write(packed=True, **contents):
        files = {"train_images": IMAGES, "train_labels": LABELS, "t10k_images": IMAGES[:5], "t10k_labels": LABELS[:5]}
        for key, content in (files | contents).items():
            prefix, kind = key.split("_")
            content = as_idx(content) if isinstance(content, np.ndarray) else content
            name = f"{prefix}-{kind}-idx{3 if kind == 'images' else 1}-ubyte"
            (tmp_path / f"{name}{'.gz' if packed else ''}").write_bytes(gzip.compress(content) if packed else content)
        return tmp_path

    return write


def test_images_and_classes_are_those_of_the_files(official):
    data = Letters(official())
    assert len(data) == 30
    assert data.observation_shape == (28, 28, 1)
    assert not data.is_full_grid
    images = data[np.array([4, 2])]
    assert images.dtype == np.float32
    np.testing.assert_array_equal(images[..., 0], IMAGES[[4, 2]].astype(np.float32) / 255)
    np.testing.assert_array_equal(data.indices_to_factors(np.arange(30))[:, 0], LABELS)


def test_image_of_a_class_is_drawn(official):
    data = Letters(official())
    images = data.sample_observations_from_factors(np.full((50, 1), 3), np.random.RandomState(0))
    found = {int((IMAGES.astype(np.float32) / 255 == image[..., 0]).all(axis=(1, 2)).argmax()) for image in images}
    assert found == set(np.flatnonzero(LABELS == 3).tolist())


def test_test_set_is_another(official):
    assert len(Letters(official(), "test")) == 5


def test_padding_is_a_black_border_of_two_pixels(official):
    padded, plain = Letters(official(), padded=True), Letters(official())
    assert padded.observation_shape == (32, 32, 1)
    images = padded[np.arange(30)]
    np.testing.assert_array_equal(images[:, 2:-2, 2:-2], plain[np.arange(30)])
    assert images.sum() == pytest.approx(plain[np.arange(30)].sum())


def test_unpacked_files_will_do(official):
    np.testing.assert_array_equal(Letters(official(packed=False))[np.arange(30)][..., 0] * 255, IMAGES)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        (
            {"train_images": LABELS},
            r"train-images-idx3-ubyte.gz: begins with '00000801'; expected '00000803'; download",
        ),
        ({"train_images": as_idx(IMAGES, 0x0D)}, "begins with '00000d03'; expected '00000803'"),
        ({"train_images": b""}, "begins with ''; expected '00000803'"),
        ({"train_images": b"\x80\x02csomething"}, "begins with '80026373'"),
        ({"train_images": IMAGES[:, :27]}, r"the array is uint8 \(30, 27, 28\); expected uint8 \(30, 28, 28\)"),
        ({"train_images": as_idx(IMAGES)[:-1]}, r"cannot be read \(ValueError cannot reshape array of size 23519"),
        ({"train_images": as_idx(IMAGES) + b"0"}, r"cannot be read \(ValueError cannot reshape array of size 23521"),
        ({"train_images": as_idx(IMAGES)[:10]}, r"cannot be read \(ValueError buffer size must be a multiple"),
        ({"train_images": as_idx(IMAGES)[:4]}, r"cannot be read \(ValueError|the array is"),
        (
            {"train_labels": LABELS[:29]},
            r"train-labels-idx1-ubyte.gz: the array is uint8 \(29,\); expected uint8 \(30,\)",
        ),
        ({"train_labels": LABELS[:0], "train_images": IMAGES[:0]}, "is empty; expected images and their labels"),
        ({"train_labels": LABELS + 1}, r"train-labels-idx1-ubyte.gz: has the label 10; expected 0 to 9"),
    ],
    ids=[
        "dimensions",
        "type",
        "empty",
        "pickle",
        "shape",
        "cut",
        "long",
        "header",
        "only magic",
        "labels",
        "no rows",
        "class",
    ],
)
def test_other_content_is_an_error(contents, message, official):
    with pytest.raises(InputError, match=message) as caught:
        Letters(official(**contents))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("damage", [lambda content: content[:-9], lambda content: b"text"])
def test_damaged_file_is_an_error(damage, official):
    path = official() / "train-images-idx3-ubyte.gz"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"cannot be read \((EOFError|BadGzipFile) .*\); .* from example.org/letters"):
        Letters(path.parent)


def test_missing_file_is_an_error(tmp_path):
    with pytest.raises(
        InputError, match=r"t10k-labels-idx1-ubyte.gz cannot be opened: No such file .* from example.org"
    ):
        Letters(tmp_path, "test")


def test_checksum_is_compared_unless_told_not_to(official, monkeypatch):
    folder, name = official(), "train-images-idx3-ubyte.gz"
    monkeypatch.setattr(Letters, "checksums", {name: "md5:0"})
    with pytest.raises(InputError, match=rf"{name} has the md5 checksum .* expected 0; .* set verify = False"):
        Letters(folder)
    Letters(folder, "test")
    Letters(folder, verify=False)
    monkeypatch.setattr(Letters, "checksums", {name: f"md5:{hashlib.md5((folder / name).read_bytes()).hexdigest()}"})
    Letters(folder)


def test_unusable_argument_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"Letters.split is 'all'; expected one of 'train', 'test'"):
        Letters(tmp_path, "all")
    with pytest.raises(InputError, match=r"Letters.path is 3; expected the path of a folder"):
        Letters(3)
