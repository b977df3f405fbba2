"""The two ways in which gr4jstan refuses to go on, and that in which it goes on with a warning."""


class InputError(ValueError):
    """Data, settings or files are not usable; the message says which, where and what to do."""


class ToolchainError(RuntimeError):
    """CmdStan, the compiler or a compiled program is missing or failed."""


class FitWarning(UserWarning):
    """A fit or a prediction should not be relied on; the message says why."""
