"""The random streams of a seed: each user has one of its own, under its name.

`screening` and `dispersal` are the exception, both being the stream of the seed alone. The first
chooses the starting points where the search for modes fails, the second those about the modes that
it finds: no fit uses both. The search itself screens draws of a seed of its own.
"""

import numpy as np

# What a stream is for, and the numbers beside the seed.
STREAMS: dict[str, tuple[int, ...]] = {
    "screening": (),
    "dispersal": (),
    "calibration": (1,),
    "validation": (2,),
    "prediction": (3,),
    "criticism": (4,),
    "scores of the calibration": (10,),
    "scores of the validation": (11,),
    "verification of the calibration": (12,),
    "verification of the validation": (13,),
}


def stream(seed: int, name: str) -> np.random.Generator:
    """The random numbers that `name` of STREAMS draws, beginning anew at each call."""
    return np.random.default_rng([seed, *STREAMS[name]])
