"""The random streams of a fit: each user of its seed has one of its own."""

import numpy as np

# What a stream is for, and its number beside the seed.
STREAMS = {
    "calibration": 1,
    "validation": 2,
    "prediction": 3,
    "criticism": 4,
    "scores of the calibration": 10,
    "scores of the validation": 11,
}


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers that `name` of STREAMS draws, beginning anew at each call."""
    return np.random.default_rng([seed, STREAMS[name]])
