"""GR4J in NumPy."""
