"""ArviZ groups for the criticism of a model: log likelihood and predictive draws."""

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from gr4jstan.fitting.inference_data import (
    InferenceData,
    calibration_days,
    choose_values,
    dataset,
    with_groups,
)
from gr4jstan.fitting.prediction import simulate_draws, start_state
from gr4jstan.model.definition import Model
from gr4jstan.model.observations import log_likelihood, respond
from gr4jstan.model.stan_data import StanData
from gr4jstan.model.transforms import initial_stores
from gr4jstan.sampling.inits import prior_draws

Array = NDArray[np.float64]


def predictive_idata(
    idata: InferenceData,
    model: Model,
    data: StanData,
    chain: NDArray[np.int_],
    draw: NDArray[np.int_],
    *,
    rng: np.random.Generator,
    prior: bool = False,
) -> InferenceData:
    """The posterior thinned to some draws, with the groups that follow from them.

    Parameters
    ----------
    idata : InferenceData
        What `gr4jstan.fitting.inference_data.to_inference_data` gave.
    model : Model
    data : dict
        Data of its program.
    chain, draw : array of int
        Chains, and the draws of each, that are kept.
    rng : numpy.random.Generator
        For the errors, and the draws of the prior.
    prior : bool
        Add as many draws of the prior, as one chain.

    Returns
    -------
    InferenceData
        With log_likelihood and posterior_predictive and, with ``prior``, prior and
        prior_predictive. The variable is ``Q`` on the observed days; errors are independent.

    Raises
    ------
    InputError
        If the prior is improper.
    """
    days = calibration_days(idata)
    observed = np.flatnonzero(days["Q"].notna())
    P, E, Q_obs = days["P"].to_numpy(), days["E"].to_numpy(), days["Q"].to_numpy()[observed]
    time = dataset(idata, "observed_data")["Q"].coords

    def flows(values: dict[str, Array]) -> Array:
        start = start_state(model.structure, values)
        return simulate_draws(model.structure, values, P, E, start)[0][:, observed]

    def draw_observations(values: dict[str, Array], flow: Array) -> Array:
        return respond(model, flow, rng.standard_normal(flow.shape), values)

    def group(values: dict[str, Array], chains: int) -> xr.Dataset:
        variables = {}
        for name, array in values.items():
            shaped = array.reshape(chains, -1, *array.shape[1:])
            variables[name] = (("chain", "draw", *time.dims)[: shaped.ndim], shaped)
        return xr.Dataset(variables, coords=time)

    values = choose_values(idata, chain, draw)
    flow = flows(values)
    groups = {
        "log_likelihood": group({"Q": log_likelihood(model, Q_obs, flow, values)}, len(chain)),
        "posterior_predictive": group({"Q": draw_observations(values, flow)}, len(chain)),
    }
    for name in groups:
        groups[name] = groups[name].assign_coords(chain=chain, draw=draw)
    if prior:
        believed = prior_draws(model, data, len(flow), rng)
        believed |= initial_stores(model, believed)
        groups["prior"] = group(believed, 1)
        groups["prior_predictive"] = group({"Q": draw_observations(believed, flows(believed))}, 1)
    return with_groups(idata, groups, chain, draw)
