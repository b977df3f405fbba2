"""What is sampled: programs, priors, error models, data."""
