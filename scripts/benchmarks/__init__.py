"""Side-by-side measurements of gr4jstan and its peers; `scripts/benchmark.py` runs them."""
