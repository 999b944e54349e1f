import hashlib
import io
import pathlib
import zipfile

import gin
import numpy as np
import pytest
from PIL import Image

from disent_tf.data.celeba import CelebA, CelebAImages
from disent_tf.errors import InputError

CONFIG = pathlib.Path(__file__).parents[2] / "gin_configs" / "data" / "celeba.gin"
NUM = 8
NAMES = [f"{number:06d}.jpg" for number in range(1, NUM + 1)]
ATTRIBUTES = np.array(
    [[1, -1, -1], [-1, 1, 1], [1, 1, 1], [-1, -1, -1], [1, -1, 1], [1, 1, -1], [1, 1, 1], [-1, 1, -1]]
)
PARTITION = [0, 0, 0, 1, 1, 2, 2, 2]


def as_jpg(grey, size=(178, 218)):
    """A picture of one grey within the middle 148 x 148 and its surroundings, white outside of it."""
    pixels = np.full((size[1], size[0], 3), 255, np.uint8)
    pixels[16:202, :] = grey
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


IMAGES = {f"img_align_celeba/{name}": as_jpg(20 * row) for row, name in enumerate(NAMES)}


def attribute_lines(names=NAMES, attributes=ATTRIBUTES, header="Bald Male Young "):
    rows = [f"{name} " + " ".join(f"{value:2}" for value in row) for name, row in zip(names, attributes, strict=True)]
    return [str(len(rows)), header, *rows]


def partition_lines():
    return [f"{name} {split}" for name, split in zip(NAMES, PARTITION, strict=True)]


class Small:
    num_images = NUM
    checksums = dict.fromkeys(CelebA.checksums)


class SmallCelebA(Small, CelebA):
    pass


class SmallCelebAImages(Small, CelebAImages):
    pass


@pytest.fixture
def official(tmp_path):
    """Writes files as the official ones are, lines ending as there in CR LF, and returns their folder."""

    def write(images=IMAGES, attributes=None, partition=None):
        folder = tmp_path / "celeba"
        folder.mkdir(exist_ok=True)
        with zipfile.ZipFile(folder / "img_align_celeba.zip", "w") as archive:
            for name, content in {"img_align_celeba/": b"", **images}.items():
                archive.writestr(name, content)
        for name, lines in {
            "list_attr_celeba.txt": attributes or attribute_lines(),
            "list_eval_partition.txt": partition or partition_lines(),
        }.items():
            (folder / name).write_bytes("".join(f"{line}\r\n" for line in lines).encode())
        return folder

    return write


@pytest.fixture
def data(official, tmp_path):
    return SmallCelebA(official(), cache_dir=tmp_path / "cache")


def rows_of(images):
    return np.rint(255 * images[:, 32, 32, 0] / 20).astype(int)


def test_describes_the_official_set():
    assert CelebA.num_images == 202_599
    assert sorted(CelebA.checksums) == ["img_align_celeba.zip", "list_attr_celeba.txt", "list_eval_partition.txt"]


def test_attributes_are_factors(data):
    assert data.factor_names == ("Bald", "Male", "Young")
    assert data.factor_sizes == (2, 2, 2)
    assert not data.is_full_grid
    np.testing.assert_array_equal(data.indices_to_factors(np.arange(NUM)), ATTRIBUTES > 0)
    images = data.sample_observations_from_factors(np.array([[0, 0, 0], [1, 0, 0]]), np.random.RandomState(0))
    assert rows_of(images).tolist() == [3, 0]


def test_images_are_the_middle_of_the_files_in_order(data):
    images = data[np.arange(NUM)]
    assert images.dtype == np.float32
    assert images.shape == (NUM, 64, 64, 3)
    assert rows_of(images).tolist() == list(range(NUM))
    assert np.ptp(images, axis=(1, 2, 3)).max() < 0.02  # No white: of 218 rows those from 35 to 182 are left.


def test_whole_image_is_squeezed(official, tmp_path):
    data = SmallCelebAImages(official(), crop=None, cache_dir=tmp_path / "cache")
    image = data[np.array([1])][0]
    assert image.shape == (64, 64, 3)
    assert image[0].min() > 0.9
    assert image[32].max() < 0.1


def test_images_alone_need_nothing_else(official, tmp_path):
    folder = official()
    for file in folder.glob("*.txt"):
        file.unlink()
    data = SmallCelebAImages(folder, cache_dir=tmp_path / "cache")
    assert not hasattr(data, "factor_names")
    assert sorted(rows_of(next(iter(data.dataset(NUM, seed=0))).numpy())) == list(range(NUM))


@pytest.mark.parametrize(
    ("split", "rows"), [("train", [0, 1, 2]), ("validation", [3, 4]), ("test", [5, 6, 7]), ("all", list(range(8)))]
)
def test_splits_are_the_publishers(split, rows, official, tmp_path):
    data = SmallCelebA(official(), split, cache_dir=tmp_path / "cache")
    assert len(data) == len(rows)
    assert rows_of(data[np.arange(len(data))]).tolist() == rows
    np.testing.assert_array_equal(data.indices_to_factors(np.arange(len(data))), ATTRIBUTES[rows] > 0)


def test_splits_and_classes_share_a_copy_and_crops_do_not(official, tmp_path):
    folder, cache = official(), tmp_path / "cache"
    for split in ("train", "test"):
        SmallCelebA(folder, split, cache_dir=cache)
        SmallCelebAImages(folder, split, cache_dir=cache)
    assert len(list(cache.iterdir())) == 1
    SmallCelebA(folder, crop=100, cache_dir=cache)
    SmallCelebA(folder, crop=None, cache_dir=cache)
    assert len(list(cache.iterdir())) == 3


def without(name):
    return {key: content for key, content in IMAGES.items() if key != name}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"images": without(f"img_align_celeba/{NAMES[3]}")},
            r"cannot be read \(KeyError .*000004.jpg' in the archive",
        ),
        ({"images": IMAGES | {f"img_align_celeba/{NAMES[3]}": b"x"}}, r"cannot be read \(UnidentifiedImageError"),
        (
            {"images": IMAGES | {f"img_align_celeba/{NAMES[3]}": as_jpg(0, (178, 100))}},
            r"cannot be read \(ValueError a picture has 178 x 100 pixels, less than the 148 to be cut from it\)",
        ),
        ({"images": IMAGES | {"../x.jpg": b""}}, r"the archive has the name '../x.jpg'"),
        (
            {"attributes": attribute_lines(NAMES[1:], ATTRIBUTES[1:])},
            "lists 7 images; expected 8, those of img_align_ce",
        ),
        (
            {"attributes": attribute_lines(NAMES[::-1])},
            "lists '000008.jpg'; expected 000001.jpg, as in img_align_celeba",
        ),
        (
            {"attributes": attribute_lines(attributes=0 * ATTRIBUTES)},
            "has values other than -1 and 1; expected these two",
        ),
        ({"attributes": attribute_lines(header="Bald")}, "names 1 attributes and has 3"),
        ({"attributes": ["8"]}, r"list_attr_celeba.txt cannot be read \(ValueError not enough values"),
        (
            {"attributes": [*attribute_lines()[:-1], f"{NAMES[-1]} nan 1 1"]},
            r"cannot be read \(ValueError could not conv",
        ),
        ({"attributes": [*attribute_lines()[:-1], f"{NAMES[-1]} 1 1"]}, "lines of other lengths than the first"),
        ({"partition": partition_lines()[:-1]}, "list_eval_partition.txt: lists 7 images; expected 8"),
        (
            {"partition": [f"{name} " for name in NAMES]},
            "lines of other lengths than the first, '000001.jpg '; expected a",
        ),
        ({"partition": [f"{name} 7" for name in NAMES]}, "does not give each image one of 0, 1 and 2"),
        ({"partition": [f"{name} 1" for name in NAMES]}, "and each of these to some"),
        ({"partition": [f"{name} 0 0" for name in NAMES]}, "does not give each image one of 0, 1 and 2"),
        ({"partition": [*partition_lines()[:-1], f"{NAMES[-1]} 2 junk"]}, "lines of other lengths"),
        ({"attributes": ["9", *attribute_lines()[1:]]}, "begins with '9' and lists 8 images; expected as many"),
        ({"attributes": attribute_lines(header="Bald Male Bald")}, "names 2 attributes and has 3"),
        ({"attributes": attribute_lines(attributes=ATTRIBUTES[:, :0], header="")}, "lines of other lengths"),
    ],
    ids=[
        "image",
        "no image",
        "size",
        "slip",
        "rows",
        "order",
        "values",
        "header",
        "short",
        "NaN",
        "columns",
        "partition",
        "no part",
        "part 7",
        "no training part",
        "two parts",
        "junk",
        "count",
        "twice",
        "no attributes",
    ],
)
def test_other_content_is_an_error(files, message, official, tmp_path):
    with pytest.raises(InputError, match=message) as caught:
        SmallCelebA(official(**files), "train", cache_dir=tmp_path / "cache")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", sorted(CelebA.checksums))
def test_missing_or_changed_file_is_an_error(name, official, tmp_path, monkeypatch):
    folder = official()
    digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    monkeypatch.setattr(SmallCelebA, "checksums", Small.checksums | {name: f"sha256:{digest}"})
    SmallCelebA(folder, "test", cache_dir=tmp_path / "cache")
    monkeypatch.setattr(SmallCelebA, "checksums", Small.checksums | {name: CelebA.checksums[name]})
    with pytest.raises(InputError, match=rf"{name} has the sha256 checksum {digest}; expected"):
        SmallCelebA(folder, "test", cache_dir=tmp_path / "cache")
    SmallCelebA(folder, "test", verify=False, cache_dir=tmp_path / "cache")
    (folder / name).unlink()
    with pytest.raises(
        InputError, match=rf"{name} cannot be opened: No such file or directory; expected {name} from mm"
    ):
        SmallCelebA(folder, "test", cache_dir=tmp_path / "cache")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"split": "valid"}, "CelebA.split is 'valid'; expected one of 'all', 'train', 'validation', 'test'"),
        ({"crop": 0}, "CelebA.crop is 0; expected an integer of at least 1"),
        ({"crop": 179}, "CelebA.crop is 179; expected at most 178"),
        ({"path": None}, "CelebA.path is None; expected the path of a folder"),
    ],
)
def test_unusable_argument_is_an_error(arguments, message, tmp_path):
    with pytest.raises(InputError, match=message):
        CelebA(**{"path": tmp_path, **arguments})


def test_gin_file_builds_the_set(official, tmp_path, monkeypatch):
    gin.parse_config_file(str(CONFIG))
    assert gin.query_parameter("%factor_sizes") == (2,) * 40
    assert gin.query_parameter("%num_data") == CelebA.num_images
    monkeypatch.setattr(CelebA, "num_images", NUM)
    gin.parse_config([f"CelebA.path = '{official()}'", "CelebA.verify = False", f"CelebA.cache_dir = '{tmp_path}'"])
    data = gin.query_parameter("%data").scoped_configurable_fn()
    assert data[np.array([0])].shape[1:] == gin.query_parameter("%image_shape")


@pytest.mark.parametrize("name", ["list_attr_celeba.txt", "list_eval_partition.txt"])
def test_a_missing_list_is_told_before_images_are_decoded(name, official, tmp_path):
    folder = official()
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name} cannot be opened"):
        SmallCelebA(folder, "train", cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()
