"""What a run was made with, for `run.json`."""

import datetime
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
from typing import Any

import tensorflow as tf

import disent_tf

_PACKAGES = ("tensorflow", "keras", "tensorflow-probability", "numpy", "scikit-learn", "gin-config")


def describe() -> dict[str, Any]:
    """Returns versions, git revision, command and devices as a JSON-ready dictionary."""
    return {
        "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "command": sys.argv,
        "disent_tf": disent_tf.__version__,
        "git_revision": git_revision(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "devices": [device.name for device in tf.config.list_logical_devices()],
        "cpu_cores": os.cpu_count(),
        "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default"),
    }


def git_revision() -> str | None:
    """Returns the commit of the checkout that runs, with "+changes" if it differs from it; None outside a checkout."""
    root = pathlib.Path(disent_tf.__file__).parents[1]
    if not (root / ".git").exists():  # An installed copy may lie inside somebody else's repository.
        return None
    commit, changes = (_git(root, *arguments) for arguments in (["rev-parse", "HEAD"], ["status", "--porcelain"]))
    return f"{commit}+changes" if commit and changes else commit or None


def _git(root: pathlib.Path, *arguments: str) -> str:
    try:
        return subprocess.run(
            ["git", "-C", root, *arguments], capture_output=True, text=True, check=True
        ).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
