"""Many catchments, on Dask."""
