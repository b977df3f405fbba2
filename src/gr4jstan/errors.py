"""The two ways in which gr4jstan refuses to go on."""


class InputError(ValueError):
    """Data, settings or files are not usable; the message says which, where and what to do."""


class ToolchainError(RuntimeError):
    """CmdStan, the compiler or a compiled program is missing or failed."""
