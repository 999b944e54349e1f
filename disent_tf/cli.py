"""The command line: flags -> configuration -> one library call.

Nothing here imports TensorFlow before the flags have been read, so that --help answers at once.
"""

import contextlib
import json
import logging
import os
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence

from absl import flags

from disent_tf import config
from disent_tf.errors import InputError, TrainingError
from disent_tf.files import write_text
from disent_tf.training.devices import choose_onednn

Command = Callable[[flags.FlagValues], None]

_READS_CONFIGURATIONS = ("plan", "run")  # Verbs of a study that read those of its runs, which import TensorFlow.


def train(argv: Sequence[str] | None = None) -> int:
    """Trains a model: bin/train --gin_file=factor_vae.gin --output_dir=runs/factor_vae"""
    values = _flags(gin=True)
    flags.DEFINE_string(
        "output_dir", None, "Run folder; runs/NAME of the last gin file if not given.", flag_values=values
    )
    flags.DEFINE_bool("overwrite", False, "Replace the run in the folder.", flag_values=values)
    flags.DEFINE_bool("resume", False, "Continue the run in the folder, by its own config.gin.", flag_values=values)
    return _run(train, values, argv, _train)


def evaluate(argv: Sequence[str] | None = None) -> int:
    """Scores a run: bin/evaluate --run_dir=runs/factor_vae"""
    return _run(evaluate, _flags(gin=True, run_dir=True), argv, _evaluate)


def visualize(argv: Sequence[str] | None = None) -> int:
    """Draws a run's reconstructions and traversals: bin/visualize --run_dir=runs/factor_vae

    Or a data set, without a run: bin/visualize --data --gin_file=data/dsprites.gin
    """
    values = _flags(gin=True, run_dir=True)
    flags.DEFINE_bool("data", False, "Draw the data set of --gin_file.", flag_values=values)
    flags.DEFINE_string("output", None, "With --data, the PNG to write; NAME.png of the gin file.", flag_values=values)
    return _run(visualize, values, argv, _visualize)


def export(argv: Sequence[str] | None = None) -> int:
    """Writes a run's model as a SavedModel: bin/export --run_dir=runs/factor_vae"""
    values = _flags(run_dir=True)
    flags.DEFINE_string("output_dir", None, "Where to; export/ in the run folder if not given.", flag_values=values)
    return _run(export, values, argv, _export)


def rank(argv: Sequence[str] | None = None) -> int:
    """Ranks runs of one setting without labels, by UDR: bin/rank --run_dir=runs/seed0 --run_dir=runs/seed1"""
    values = _flags(gin=True)
    flags.DEFINE_multi_string("run_dir", [], "Run folder that bin/train made; two or more.", flag_values=values)
    flags.DEFINE_string("output", None, "JSON file to write as well.", flag_values=values)
    return _run(rank, values, argv, _rank)


def study(argv: Sequence[str] | None = None) -> int:
    """Trains, scores and compares many runs: bin/study VERB --gin_file=studies/smoke.gin --output_dir=studies/smoke

    VERB is plan, run, status, evaluate, aggregate or report. Each goes on from what is there.
    """
    values = _flags(gin=True)
    flags.DEFINE_string("output_dir", None, "Folder of the study.", flag_values=values)
    return _run(study, values, argv, _study, verbs=("plan", "run", "status", "evaluate", "aggregate", "report"))


def _train(values: flags.FlagValues) -> None:
    if not values.gin_file and not values.resume:
        raise InputError("No --gin_file: expected a configuration, as in --gin_file=factor_vae.gin.")
    if not values.gin_file and not values.output_dir:
        raise InputError("--resume without --output_dir: name the run folder, as in --output_dir=runs/factor_vae.")
    if values.resume and values.overwrite:
        raise InputError("--resume and --overwrite contradict each other: choose one.")
    output_dir = values.output_dir or str(pathlib.Path("runs", pathlib.Path(values.gin_file[-1]).stem))
    own = [_config_of(output_dir)] if values.resume else []  # Last: a resumed run keeps what it was started with.
    config.load([*values.gin_file, *own], values.gin_param)
    from disent_tf.training.train import train as run_training

    run_training(output_dir, overwrite=values.overwrite, resume=values.resume)
    print(f"Run folder: {output_dir}")


def _evaluate(values: flags.FlagValues) -> None:
    _load_with_run(values, config.shipped("evaluate.gin"))
    from disent_tf.evaluate import evaluate as run_evaluation
    from disent_tf.results import summary

    run_evaluation(values.run_dir, overwrite=values.overwrite)
    print(summary(values.run_dir))


def _visualize(values: flags.FlagValues) -> None:
    if values.data:
        print(_montage(values))
        return
    _load_with_run(values, config.shipped("visualize.gin"))
    from disent_tf.visualization.visualize import visualize as run_visualization

    for path in run_visualization(values.run_dir, overwrite=values.overwrite):
        print(path)


def _montage(values: flags.FlagValues) -> pathlib.Path:
    if not values.gin_file or values.run_dir:
        raise InputError("--data draws a data set, not a run: give it --gin_file, as in --gin_file=data/dsprites.gin.")
    config.load([config.shipped("montage.gin"), *values.gin_file], values.gin_param)
    from disent_tf.visualization.montage import montage

    return montage(values.output or f"{pathlib.Path(values.gin_file[0]).stem}.png", overwrite=values.overwrite)


def _export(values: flags.FlagValues) -> None:
    config.load([_config_of(values.run_dir)])
    from disent_tf.export import export as run_export

    print(run_export(values.run_dir, values.output_dir, overwrite=values.overwrite))


def _rank(values: flags.FlagValues) -> None:
    if len(values.run_dir) < 2:
        raise InputError("bin/rank compares runs: expected --run_dir twice or more.")
    config.load([_config_of(values.run_dir[0]), config.shipped("rank.gin"), *values.gin_file], values.gin_param)
    from disent_tf.rank import rank as run_ranking

    scores = run_ranking(values.run_dir)
    if values.output:
        write_text(values.output, json.dumps(scores, indent=2) + "\n")
    for name, score in sorted(scores.items(), key=lambda item: -item[1]):
        print(f"{score:.4f}  {name}")


def _study(values: flags.FlagValues) -> None:
    if not values.gin_file or not values.output_dir:
        raise InputError("A study is named by --gin_file=studies/….gin, and its folder by --output_dir.")
    config.load([config.shipped("study.gin"), *values.gin_file], values.gin_param)
    from disent_tf.study.study import Study

    study = Study(values.output_dir)  # Gin gives the rest.
    print(getattr(study, values.verb)())


def _load_with_run(values: flags.FlagValues, defaults: str) -> None:
    """Parses the run's own configuration, which imports its classes, and on top of it what to do with the run."""
    config.load([_config_of(values.run_dir), defaults, *values.gin_file], values.gin_param)


def _config_of(run_dir: str) -> str:
    path = pathlib.Path(run_dir, "config.gin")
    if not path.is_file():
        raise InputError(f"No run in {run_dir!r}: expected a folder that bin/train made, with config.gin in it.")
    return str(path)


def _flags(*, gin: bool = False, run_dir: bool = False) -> flags.FlagValues:
    values = flags.FlagValues()
    flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=values)
    flags.DEFINE_bool("debug", False, "Show the traceback of an error.", flag_values=values)
    if gin:
        flags.DEFINE_multi_string(
            "gin_file", [], "Gin file, a path or a name under gin_configs/; repeatable.", flag_values=values
        )
        flags.DEFINE_multi_string(
            "gin_param", [], "Binding, as 'FactorVAE.gamma = 10.'; repeatable.", flag_values=values
        )
    if run_dir:
        flags.DEFINE_string("run_dir", None, "Run folder that bin/train made.", flag_values=values)
        flags.DEFINE_bool("overwrite", False, "Replace what an earlier call wrote.", flag_values=values)
    return values


def _run(
    command: Callable,
    values: flags.FlagValues,
    argv: Sequence[str] | None,
    action: Command,
    verbs: Sequence[str] = (),
) -> int:
    """Reads the flags, and a verb where there are any; calls `action`; turns errors into one line and an exit code."""
    try:
        arguments = values(sys.argv if argv is None else ["", *argv])
        if values.help:
            print(f"{command.__doc__}\n\n{values.get_help(include_special_flags=False)}")
            return 0
        if verbs:
            flags.DEFINE_string("verb", _verb(arguments, verbs), "What to do.", flag_values=values)
        elif len(arguments) > 1:
            raise InputError(f"Unexpected argument {arguments[1]!r}; flags are written as --name=value.")
        if "run_dir" in values and not values.run_dir and not ("data" in values and values.data):
            raise InputError("No --run_dir: name a run folder, as in --run_dir=runs/factor_vae.")
        if not verbs or values.verb in _READS_CONFIGURATIONS:
            _prepare(_onednn(values))
        _log_to_terminal()
        action(values)
    except (flags.Error, InputError, OSError, TrainingError, KeyboardInterrupt) as error:
        if values.is_parsed() and values.debug:
            raise
        message = str(error) or type(error).__name__
        print(f"{command.__name__}: {message.splitlines()[0]}", file=sys.stderr)  # Below it, gin says whom it called.
        return 1 if isinstance(error, TrainingError) else 130 if isinstance(error, KeyboardInterrupt) else 2
    return 0


def _verb(arguments: Sequence[str], verbs: Sequence[str]) -> str:
    if len(arguments) != 2 or arguments[1] not in verbs:
        raise InputError(f"Got {' '.join(arguments[1:]) or 'no verb'!r}; expected one of {', '.join(verbs)}.")
    return arguments[1]


def _onednn(values: flags.FlagValues) -> bool | None:
    """Returns what the configuration says of oneDNN: TensorFlow has to know before a gin file imports it."""
    if "gin_file" not in values:
        return None
    resumed = "resume" in values and values.resume and values.output_dir
    files = [*values.gin_file, *([_config_of(values.output_dir)] if resumed else [])]
    return config.bound_value(files, values.gin_param, "train.onednn")


def _prepare(onednn: bool | None) -> None:
    """Imports TensorFlow, quietly and with settings that it only reads then; each yields to the user's own."""
    wants_notes = "TF_CPP_MIN_LOG_LEVEL" in os.environ
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    choose_onednn(onednn)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    folder = str(pathlib.Path.cwd())
    if folder not in sys.path:  # A gin file may import the user's own modules, also in an installed copy.
        sys.path.insert(0, folder)
    with contextlib.nullcontext() if wants_notes else _without_native_stderr():
        import tensorflow as tf

        tf.config.list_physical_devices()


def _log_to_terminal() -> None:
    logging.basicConfig(format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("disent_tf").setLevel(logging.INFO)


@contextlib.contextmanager
def _without_native_stderr() -> Iterator[None]:
    """Drops what native code writes to stderr: TensorFlow's start-up notes on CUDA and oneDNN heed no log level."""
    sys.stderr.flush()
    kept = os.dup(2)
    with pathlib.Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
