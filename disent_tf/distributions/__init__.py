"""Priors, likelihoods and posteriors as TensorFlow Probability distributions, and the divergences between them."""
