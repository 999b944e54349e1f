import pathlib
import subprocess
import sys

from setuptools import find_packages

import disent_tf

ROOT = pathlib.Path(disent_tf.__file__).parents[1]


def test_every_folder_of_code_is_a_package():
    folders = {path.parent.relative_to(ROOT) for path in (ROOT / "disent_tf").rglob("*.py")}
    packages = find_packages(str(ROOT), include=["disent_tf", "disent_tf.*"])
    assert {".".join(folder.parts) for folder in folders} == set(packages)


def test_a_built_copy_holds_every_module_and_gin_file(tmp_path):
    build = [
        sys.executable,
        "setup.py",
        "-q",
        "build",
        "--build-base",
        tmp_path / "base",
        "--build-lib",
        tmp_path / "lib",
    ]
    subprocess.run([*build, "egg_info", "--egg-base", tmp_path], cwd=ROOT, check=True, capture_output=True)
    built = tmp_path / "lib" / "disent_tf" / "gin_configs"
    names = {path.relative_to(ROOT / "gin_configs") for path in (ROOT / "gin_configs").rglob("*.gin")}
    assert {path.relative_to(built) for path in built.rglob("*.gin")} == names
    modules = {path.relative_to(ROOT) for path in (ROOT / "disent_tf").rglob("*.py")}
    assert {path.relative_to(tmp_path / "lib") for path in (tmp_path / "lib").rglob("*.py")} == modules
