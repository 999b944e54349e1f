"""Encoders, decoders and discriminators: functions that return a `keras.Model`, one file per family.

An encoder maps images `[batch, h, w, c]` to the posterior's parameters `[batch, num_parameters * latent_dim]`;
a decoder maps codes `[batch, latent_dim]` to the likelihood's parameters `[batch, h, w, c]` (logits, for Bernoulli).
Last layers are linear; what their outputs mean is the business of the posterior and the likelihood.
"""
