"""What the commands of the command line do: a module each, whose `run` returns the exit code."""
