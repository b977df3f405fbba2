"""One setting moves the seeds of all tests: each passes through `seeds.shifted`."""

import ast
import re
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.glob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_no_seed_is_a_bare_number(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        # `Case.draw` shifts the seed that it is given
        if isinstance(node, ast.Call) and not ast.unparse(node.func).endswith(".draw"):
            generator = ast.unparse(node.func).endswith("default_rng")
            given = [*(node.args if generator else [])]
            given += [word.value for word in node.keywords if word.arg == "seed"]
            for seed in given:
                says = ast.unparse(seed)
                assert "shifted" in says or not (generator or says.isdecimal()), seed.lineno
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"--seed \d|random seed=\d", node.value), node.lineno
