"""How good a simulation is."""
