"""The random streams of a seed: who draws from which."""

import ast
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import gr4jstan
from gr4jstan.sampling.streams import STREAMS, stream
from seeds import shifted

# Both are the stream of the seed alone: see `gr4jstan.sampling.streams`.
SHARED = {"screening", "dispersal"}


def test_no_two_users_of_a_seed_share_a_stream() -> None:
    users = Counter(STREAMS[name] for name in STREAMS if name not in SHARED)
    assert set(users.values()) == {1}
    assert users.keys().isdisjoint({STREAMS[name] for name in SHARED})


@pytest.mark.parametrize("seed", [0, 1, 2**31 - 1])
def test_a_stream_without_numbers_is_that_of_the_seed(seed: int) -> None:
    expected = np.random.default_rng(shifted(seed)).random(10)
    np.testing.assert_array_equal(stream(shifted(seed), "screening").random(10), expected)


def test_generators_are_made_of_named_streams_only() -> None:
    """Where one is made otherwise, it is from a number in the source, not from a user's seed."""
    for path in Path(gr4jstan.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and ast.unparse(node.func).endswith("default_rng")):
                continue
            fixed = [isinstance(argument, ast.Constant) for argument in node.args]
            assert path.stem == "streams" or fixed == [True], (path.name, node.lineno)
