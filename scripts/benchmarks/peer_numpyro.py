"""NumPyro: NUTS with a dense metric on a compiled scan, in double precision."""

import os

# before jax is imported: chains run in parallel on as many devices
os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=4"

import time

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
from jax import lax, monitoring
from numpyro import distributions as dist
from numpyro.infer import MCMC, NUTS

from benchmarks.cases import CHAINS, N_UH1, N_UH2, PARAMETERS, Case, bounds, require_parity
from benchmarks.rates import Run, affordable_draws, seconds_of
from gr4jstan.structures.gr4j import UH1_SHARE
from gr4jstan.structures.production import PERCOLATION_CONSTANT

jax.config.update("jax_enable_x64", True)

SETTINGS = "double precision, jit, dense metric, lax.scan, 4 chains in parallel, default inits"
_LEAPFROGS = 15


def flow(P, E, x):
    """Streamflow, shape (T,); a store's recurrence is a scan, the unit hydrographs are sums.

    Carrying the unit hydrographs' memory through one scan takes several times as long.
    """
    x1, x2, x3, x4, S0, R0 = x
    net = P - E

    def production(s, day):
        wet, T = day
        mid = jnp.where(wet, (s + T) / (1 + s * T), s * (1 - T) / (1 + (1 - s) * T))
        after = mid * lax.rsqrt(jnp.sqrt(1 + mid**4 / PERCOLATION_CONSTANT))
        return after, (s, mid, after)

    days = (net > 0, jnp.tanh(jnp.abs(net) / x1))
    before, mid, after = lax.scan(production, S0 / x1, days)[1]
    pr = jnp.where(net > 0, net - x1 * (mid - before), 0) + x1 * (mid - after)
    q9, q1 = (_route(pr, shares) for shares in _unit_hydrographs(x4))

    def routing(r, inflow):
        exchange = x2 / x3 * r * r * r * jnp.sqrt(r)
        full = jnp.maximum(r + inflow + exchange, 0)
        emptied = full * lax.rsqrt(jnp.sqrt(1 + full**4))
        return emptied, (full - emptied, exchange)

    outflow, exchange = lax.scan(routing, R0 / x3, q9 / x3)[1]
    return x3 * outflow + jnp.maximum(q1 + x3 * exchange, 0)


def _unit_hydrographs(x4):
    age1 = jnp.minimum(jnp.arange(N_UH1 + 1) / x4, 1)
    age2 = jnp.minimum(jnp.arange(N_UH2 + 1) / x4, 2)
    rising, falling = jnp.minimum(age2, 1), 2 - jnp.maximum(age2, 1)
    curve2 = rising**2.5 / 2 + (1 - falling**2.5) / 2
    return UH1_SHARE * jnp.diff(age1**2.5), (1 - UH1_SHARE) * jnp.diff(curve2)


def _route(inflow, shares):
    days = len(inflow)
    return sum(
        share * jnp.concatenate([jnp.zeros(lag), inflow])[:days] for lag, share in enumerate(shares)
    )


def sample(case: Case, budget: float, seed: int) -> Run:
    """Sample a case: 1000 + 1000 iterations, fewer if they do not fit in the budget."""
    P, E = map(jnp.asarray, case.forcing)
    Q = jnp.asarray(case.Q)
    lower, upper = bounds()
    require_parity(case, jax.jit(flow))

    def model():
        x = [
            numpyro.sample(name, dist.Uniform(low, high))
            for name, low, high in zip(PARAMETERS, lower, upper, strict=True)
        ]
        numpyro.sample("Q", dist.Normal(flow(P, E, x), case.sigma), obs=Q)

    gradient = jax.jit(jax.grad(lambda x: jnp.sum((flow(P, E, x) - Q) ** 2)))
    point = jnp.asarray(case.screened(1, seed)[0])
    gradient_seconds = seconds_of(lambda: gradient(point).block_until_ready())
    draws = affordable_draws(budget, gradient_seconds, _LEAPFROGS)

    compiling = []
    monitoring.register_event_duration_secs_listener(
        lambda event, seconds, **_: compiling.append(seconds) if "backend_compile" in event else 0
    )
    mcmc = MCMC(
        NUTS(model, dense_mass=True),
        num_warmup=draws,
        num_samples=draws,
        num_chains=CHAINS,
        chain_method="parallel",
        progress_bar=False,
    )
    start = time.perf_counter()
    mcmc.run(jax.random.PRNGKey(seed), extra_fields=("num_steps", "diverging"))
    posterior = mcmc.get_samples(group_by_chain=True)
    values = np.stack([np.asarray(posterior[name]) for name in PARAMETERS], axis=-1)
    seconds = time.perf_counter() - start
    stats = mcmc.get_extra_fields()
    return Run(
        values,
        seconds=seconds - sum(compiling),
        compile_seconds=sum(compiling),
        warmup=draws,
        saturated=float(np.mean(np.asarray(stats["num_steps"]) >= 1023)),
        divergent=float(np.mean(np.asarray(stats["diverging"]))),
        settings=SETTINGS,
    )
