"""One call from data to a posterior, and what it holds."""
