"""The one error that a person can mend: bad input, told in one line."""


class InputError(ValueError):
    """Input that cannot be used: a file, a parameter or a folder.

    The message is one line: what happened, what was expected, how to fix it. The command line prints it
    without a traceback and exits with code 2.
    """


class TrainingError(RuntimeError):
    """Training that cannot go on, such as a loss that is NaN. The message is one line; the exit code is 1."""
