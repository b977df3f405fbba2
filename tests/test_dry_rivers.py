"""Rivers that hardly flow: said before anything is sampled."""

from dataclasses import replace

import numpy as np
import pytest

from gr4jstan.reading.datasets import load_dataset


@pytest.mark.parametrize(("dry", "found"), [(0.97, True), (0.8, True), (0.7, False), (0.3, False)])
def test_a_river_that_hardly_flows_is_a_finding(dry: float, found: bool) -> None:
    example = load_dataset("example")
    assert example.Q is not None
    level = np.nanquantile(example.Q, dry)
    made = replace(example, Q=np.maximum(example.Q - level, 0), examined=False, remarks=())
    assert ("mostly_dry" in [each.code for each in made.findings]) == found
