"""How many floating-point operations the matrix products of a network take: multiplications and additions."""

import math

import keras


def forward(network: keras.Model) -> float:
    """Returns the operations of a forward pass of one example."""
    return sum(_of_layer(layer) for layer in network.layers)


def training(network: keras.Model, *, of_inputs: bool = False) -> float:
    """Returns the operations of a forward and a backward pass of one example.

    Each product has two more in the backward pass: the gradients of its weights and of its inputs. Those of the
    network's own inputs are only needed if `of_inputs`.
    """
    costs = [cost for layer in network.layers if (cost := _of_layer(layer))]
    return 3 * sum(costs) - (0 if of_inputs else costs[0])


def _of_layer(layer: keras.layers.Layer) -> float:
    if isinstance(layer, keras.layers.Conv2DTranspose):
        return 2.0 * math.prod(layer.input.shape[1:3]) * math.prod(layer.kernel.shape)
    if isinstance(layer, keras.layers.Conv2D):
        return 2.0 * math.prod(layer.output.shape[1:3]) * math.prod(layer.kernel.shape)
    return 2.0 * math.prod(layer.kernel.shape) if isinstance(layer, keras.layers.Dense) else 0.0
