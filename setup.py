"""The package disent_tf; tool settings are in pyproject.toml, tested versions in constraints.txt."""

import pathlib
import re

from setuptools import find_packages, setup

ROOT = pathlib.Path(__file__).parent
VERSION = re.search(r'__version__ = "(.+)"', (ROOT / "disent_tf" / "__init__.py").read_text())[1]
COMMANDS = ("train", "evaluate", "visualize", "export", "rank", "study")
GIN_CONFIGS = ["disent_tf.gin_configs"] + [
    f"disent_tf.gin_configs.{'.'.join(folder.relative_to(ROOT / 'gin_configs').parts)}"
    for folder in sorted((ROOT / "gin_configs").rglob("*"))
    if folder.is_dir()
]

setup(
    name="disent_tf",
    version=VERSION,
    description="Disentangled representation learning in TensorFlow 2 and Keras 3",
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages(include=["disent_tf", "disent_tf.*"]), *GIN_CONFIGS],
    package_dir={"disent_tf.gin_configs": "gin_configs"},  # In an installed copy they lie inside the package.
    package_data={name: ["*.gin"] for name in GIN_CONFIGS},
    install_requires=[
        "absl-py>=2.1",
        "gin-config>=0.5",
        "h5py>=3.11",  # reads 3D Shapes; Keras brings it
        "joblib>=1.4",  # fits classifiers for the factors in parallel, as in scikit-learn
        "keras>=3.15,<4",
        "matplotlib>=3.9",
        "numpy>=2.0",
        "pandas>=2.2",  # the table of a study
        "pillow>=10",
        "pyarrow>=17",  # as Parquet, and as CSV ten times as fast as pandas
        "scikit-learn>=1.5",
        "scipy>=1.13",
        "tensorboard>=2.20",
        "tensorflow>=2.20",
        "tensorflow-probability[tf]>=0.25",  # [tf] brings tf-keras, without which it does not import.
        "threadpoolctl>=3.5",  # one thread for each of them
        "tqdm>=4.66",
    ],
    extras_require={
        "gpu": ["tensorflow[and-cuda]>=2.20"],
        "ray": ["ray>=2.40"],  # studies on several machines
        "test": ["ray>=2.40", "mypy>=1.14", "pytest>=8", "pytest-xdist>=3.6", "ruff>=0.9"],
    },
    entry_points={"console_scripts": [f"disent-{name}=disent_tf.cli:{name}" for name in COMMANDS]},
)
