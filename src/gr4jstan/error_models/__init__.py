"""How observations scatter around the simulated flow: an object for each error model."""
