"""CmdStan: found, installed, and made to compile programs."""
