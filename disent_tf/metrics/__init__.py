"""Scores of a representation against the known factors: one module per metric, named as in disentanglement_lib.

Every metric has a pure core (arrays in, numbers out, rows are points) and a protocol function `compute_*` that draws
from the data and encodes. Nothing here imports a model or TensorFlow.
"""
