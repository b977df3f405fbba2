"""The table of structures: what there is, and all that the rest of the package must know of it."""

import math

from gr4jstan.structures.structure import Flux, Hydrograph, Parameter, Store, Structure

# airGR's transformed parameters go from -9.99 to 9.99.
_LOG = (math.exp(-9.99), math.exp(9.99))
_ASINH = (math.sinh(-9.99), math.sinh(9.99))

# The longest time base of the unit hydrographs [d], as in the Stan programs.
LONGEST_X4 = 1000.0

_X1 = Parameter(
    name="x1",
    unit="mm",
    title="capacity of the production store",
    meaning="capacity of the production store (soil moisture)",
    domain="above 0",
    central=(100, 1200),
    positive=True,
    wide=(0, 20000),
    uniform=(50, 2000),
    airgr=_LOG,
    scale="log",
    above=0,
)
_X2 = Parameter(
    name="x2",
    unit="mm/d",
    title="groundwater exchange coefficient",
    meaning="exchange with groundwater: below 0 the catchment loses water, above 0 it gains",
    domain="negative for a loss",
    central=(-5, 3),
    positive=False,
    wide=(-50, 50),
    uniform=(0.1, 10),
    airgr=_ASINH,
    scale="asinh",
)
_X3 = Parameter(
    name="x3",
    unit="mm",
    title="capacity of the routing store",
    meaning="capacity of the routing store (slow flow)",
    domain="above 0",
    central=(20, 300),
    positive=True,
    wide=(0, 20000),
    uniform=(5, 100),
    airgr=_LOG,
    scale="log",
    above=0,
    spurious=(2, math.inf),
)
_X4 = Parameter(
    name="x4",
    unit="d",
    title="time base of the unit hydrograph UH1",
    meaning="time base of the unit hydrograph: how long rain takes to reach the outlet",
    domain="at least 0.5",
    central=(1.1, 2.9),
    positive=True,
    wide=(0.5, 20),
    # which also limits the hydrographs to the 5 and 10 days of the post
    uniform=(0.5, 5),
    airgr=(0.5, 20),
    lowest=0.5,
    highest=LONGEST_X4,
    spurious=(-math.inf, 8),
)

_PRODUCTION = Store("S", "production store", capacity="x1", filling=0.3, uniform=(100, 2000))
_ROUTING = Store("R", "routing store", capacity="x3", filling=0.5, uniform=(5, 100))

# What the production store gives, the same for all structures.
_PRODUCTION_FLUXES = (
    Flux("pn", "net rain"),
    Flux("ps", "net rain that enters the production store"),
    Flux("ae", "actual evapotranspiration, intercepted rain included"),
    Flux("perc", "percolation from the production store"),
    Flux("pr", "water that enters the unit hydrographs, pn - ps + perc"),
)

GR4J = Structure(
    name="gr4j",
    title="GR4J",
    source="Perrin et al. 2003",
    parameters=(_X1, _X2, _X3, _X4),
    stores=(_PRODUCTION, _ROUTING),
    hydrographs=(Hydrograph("uh1", "x4", 1), Hydrograph("uh2", "x4", 2)),
    fluxes=(
        Flux("Q", "streamflow, qr + qd"),
        Flux("S", "production store", "mm"),
        Flux("R", "routing store", "mm"),
        *_PRODUCTION_FLUXES,
        Flux("q9", "outflow of UH1"),
        Flux("q1", "outflow of UH2"),
        Flux("exch", "potential exchange, negative for a loss"),
        Flux("aexch1", "actual exchange of the routing store: a loss ends when it is empty"),
        Flux("aexch2", "actual exchange of the direct branch: a loss ends when it is empty"),
        Flux("aexch", "actual exchange in all, aexch1 + aexch2"),
        Flux("qr", "outflow of the routing store"),
        Flux("qd", "outflow of the direct branch"),
    ),
    module="gr4jstan.structures.gr4j",
)

STRUCTURES = {structure.name: structure for structure in (GR4J,)}
