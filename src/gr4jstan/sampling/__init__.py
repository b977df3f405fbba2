"""NUTS, and the search for where to start it."""
