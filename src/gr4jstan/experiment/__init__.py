"""The blog post's experiment: truncated gradients and subsampled observations, side by side."""
