"""The rainfall-runoff models: a table of what they are, and their equations in NumPy."""
