import pathlib
import subprocess
import sys

import numpy as np
import pytest

from disent_tf.errors import InputError
from disent_tf.export import export
from disent_tf.training.checkpointing import load_model
from tests import tiny

CLIENT = """
import sys
import numpy as np
import tensorflow as tf

served = tf.saved_model.load(sys.argv[1])
images = tf.constant(np.load(sys.argv[2])["images"])
code = served.signatures["encode"](images=images)
np.savez(
    sys.argv[3],
    mean=code["mean"],
    log_var=code["log_var"],
    decoded=served.decode(code["mean"]),
    reconstructed=served.reconstruct(images),
    sampled=served.sample(7),
    sampled_again=served.sample(7),
    signatures=sorted(served.signatures),
)
loaded = [name for name in sys.modules if name.split(".")[0] in ("disent_tf", "tensorflow_probability", "gin")]
assert not loaded, loaded
"""


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "run"
    tiny.train_run(folder, tiny.factor_vae)
    return folder


def test_plain_tensorflow_serves_it(run_dir, tmp_path):
    folder = export(run_dir, tmp_path / "served")
    np.savez(tmp_path / "in.npz", images=tiny.images())
    arguments = [folder, tmp_path / "in.npz", tmp_path / "out.npz"]
    command = [sys.executable, "-c", CLIENT, *map(str, arguments)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    served, model = np.load(tmp_path / "out.npz"), load_model(run_dir)
    posterior = model.encode(tiny.images())
    np.testing.assert_allclose(served["mean"], posterior.mean(), atol=1e-5)
    np.testing.assert_allclose(served["log_var"], 2 * np.log(posterior.stddev()), atol=1e-5)
    np.testing.assert_allclose(served["reconstructed"], model.reconstruct(tiny.images()), atol=1e-5)
    np.testing.assert_allclose(served["decoded"], served["reconstructed"], atol=1e-5)
    assert served["sampled"].shape == (7, *tiny.IMAGE_SHAPE)
    assert np.abs(served["sampled"] - served["sampled_again"]).max() > 0
    assert {"encode", "decode", "reconstruct", "sample"} <= set(served["signatures"])


def test_goes_into_the_run_folder_and_is_kept_unless_told_otherwise(run_dir):
    assert export(run_dir) == run_dir / "export"
    with pytest.raises(InputError, match="export' exists; replace it with --overwrite"):
        export(run_dir)
    assert export(run_dir, overwrite=True).is_dir()
    assert not [path for path in pathlib.Path(run_dir).iterdir() if path.name.endswith(".partial")]


def test_a_folder_that_is_no_export_is_never_overwritten(run_dir, tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(InputError, match="exists and is not a SavedModel"):
        export(run_dir, tmp_path, overwrite=True)
    assert (tmp_path / "thesis.tex").exists()


def test_the_working_directory_is_never_overwritten(run_dir, tmp_path, monkeypatch):
    (tmp_path / "saved_model.pb").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="is the working directory"):
        export(run_dir, ".", overwrite=True)
    assert (tmp_path / "saved_model.pb").exists()
