"""`python -m disent_tf COMMAND [flags]`: the commands of `disent_tf.cli`."""

import sys

from disent_tf import cli

_COMMANDS = {
    "train": cli.train,
    "evaluate": cli.evaluate,
    "visualize": cli.visualize,
    "export": cli.export,
    "rank": cli.rank,
    "study": cli.study,
}

if __name__ == "__main__":
    name = sys.argv[1] if len(sys.argv) > 1 else None
    if name not in _COMMANDS:
        print(f"Expected a command, one of {', '.join(_COMMANDS)}.", file=sys.stderr)
        sys.exit(2)
    sys.exit(_COMMANDS[name](sys.argv[2:]))
