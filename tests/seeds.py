"""One number that moves every seed of the tests."""

import os

VARIABLE = "GR4JSTAN_TEST_SEED_SHIFT"
SHIFT = int(os.environ.get(VARIABLE, "0"))


def shifted(seed: int) -> int:
    """The seed that a test names, moved by thousands, so that no test gets another's."""
    return seed + 1000 * SHIFT
