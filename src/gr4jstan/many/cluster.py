"""The Dask cluster that many catchments are calibrated on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gr4jstan.cmdstan.processes import cores
from gr4jstan.cmdstan.toolchain import require_cmdstan
from gr4jstan.errors import ToolchainError

if TYPE_CHECKING:
    from distributed import Client


_PATIENCE = 60  # seconds until a cluster must have a worker


# Dask's profiler would look at a waiting Python a hundred times a second, and its malloc settings
# would give the memory of each array back and fetch it anew.
_WORKERS = {
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ": {
        "MALLOC_ARENA_MAX": 1,
        "MALLOC_MMAP_THRESHOLD_": 2**30,
        "MALLOC_TRIM_THRESHOLD_": 2**30,
        "MKL_NUM_THREADS": 1,
        "OMP_NUM_THREADS": 1,
        "OPENBLAS_NUM_THREADS": 1,
    },
}


@contextmanager
def connect(scheduler: str | None, say: Callable[[str], None]) -> Iterator[Client]:
    """A client whose workers can calibrate."""
    try:
        import dask.config
        from distributed import Client, LocalCluster
    except ImportError:
        raise ToolchainError(
            "fit-many needs Dask: install gr4jstan[many], or the package distributed."
        ) from None
    if scheduler is None:
        require_cmdstan()
        with (
            dask.config.set(_WORKERS),
            LocalCluster(
                n_workers=cores(), threads_per_worker=1, dashboard_address=":0", memory_limit=None
            ) as cluster,
            Client(cluster) as client,
        ):
            yield _ready(client, say)
        return
    try:
        client = Client(scheduler, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        raise ToolchainError(f"The scheduler {scheduler} cannot be reached: {error}") from None
    with client:
        yield _ready(client, say)


def _ready(client: Client, say: Callable[[str], None]) -> Client:
    say(f"Dask's dashboard: {client.dashboard_link}")
    try:
        client.wait_for_workers(1, timeout=_PATIENCE)
    except TimeoutError:
        raise ToolchainError(
            "The scheduler has no workers; start them with: dask worker ADDRESS"
        ) from None
    for worker, problem in client.run(_problem).items():
        if problem is not None:
            raise ToolchainError(f"The worker {worker} cannot calibrate: {problem}")
    return client


def _problem() -> str | None:
    """Why this process cannot calibrate."""
    try:
        require_cmdstan()
    except ToolchainError as error:
        return str(error)
    return None
