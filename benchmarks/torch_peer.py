"""The same networks, losses and optimizers in PyTorch, written from the papers, for train_step.py to compare with.

Plain eager code with PyTorch's defaults: one forward pass, one backward pass, one Adam for each optimizer, and for
FactorVAE's discriminator one call on true and permuted codes together. With `channels_last`, convolutions get the
memory layout that PyTorch recommends on CPUs.
"""

import itertools
import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from disent_tf.data.dsprites import DSprites

LATENT_DIM = 10


class Layout(NamedTuple):
    """Filters and kernel sizes of convolutions of stride 2, units of dense layers, as in `disent_tf.networks`."""

    convolutions: tuple[tuple[int, int], ...]
    encoder_units: tuple[int, ...]
    decoder_units: tuple[int, ...]
    deconvolutions: tuple[int, ...]
    activation: type[nn.Module] = nn.ReLU  # of the decoder's dense layers


LAYOUTS = {
    "burgess": Layout(((32, 4),) * 4, (256, 256), (256, 256, 512), (32, 32, 32)),
    "locatello": Layout(((32, 4), (32, 4), (64, 2), (64, 2)), (256,), (256, 1024), (64, 32, 32)),
    "fc": Layout((), (1200, 1200), (1200, 1200, 1200), (), nn.Tanh),
}


def encoder(layout: Layout) -> nn.Sequential:
    """Returns images `[batch, 1, 64, 64]` -> means and log variances `[batch, 20]`."""
    layers: list[nn.Module] = []
    channels, side = 1, 64
    for filters, kernel in layout.convolutions:
        layers += [nn.Conv2d(channels, filters, kernel, 2, padding=(kernel - 2) // 2), nn.ReLU()]
        channels, side = filters, side // 2
    layers.append(nn.Flatten())
    return nn.Sequential(*layers, *dense(channels * side**2, layout.encoder_units, 2 * LATENT_DIM, nn.ReLU))


def decoder(layout: Layout) -> nn.Sequential:
    """Returns codes `[batch, 10]` -> logits `[batch, 1, 64, 64]`."""
    if not layout.deconvolutions:
        return nn.Sequential(
            *dense(LATENT_DIM, layout.decoder_units, 64**2, layout.activation), nn.Unflatten(1, (1, 64, 64))
        )
    channels = layout.decoder_units[-1] // 16
    layers = dense(LATENT_DIM, layout.decoder_units[:-1], layout.decoder_units[-1], layout.activation)
    layers += [nn.ReLU(), nn.Unflatten(1, (channels, 4, 4))]
    for filters in layout.deconvolutions:
        layers += [nn.ConvTranspose2d(channels, filters, 4, 2, padding=1), nn.ReLU()]
        channels = filters
    return nn.Sequential(*layers, nn.ConvTranspose2d(channels, 1, 4, 2, padding=1))


def dense(inputs: int, units: tuple[int, ...], outputs: int, activation: type[nn.Module]) -> list[nn.Module]:
    """Returns dense layers with an activation after each but the last."""
    sizes = (inputs, *units, outputs)
    pairs = [[nn.Linear(a, b), activation()] for a, b in itertools.pairwise(sizes)]
    return [layer for pair in pairs for layer in pair][:-1]


def discriminator() -> nn.Sequential:
    """Returns Kim & Mnih's: codes `[batch, 10]` -> two logits."""
    sizes = (LATENT_DIM, *[1000] * 6)
    layers = [[nn.Linear(a, b), nn.LeakyReLU(0.2)] for a, b in itertools.pairwise(sizes)]
    return nn.Sequential(*[layer for pair in layers for layer in pair], nn.Linear(1000, 2))


class Trainer:
    """A model, its optimizers and the feed of dSprites.

    Args:
      system: "beta_vae", "beta_tc_vae" or "factor_vae".
      layout: a name of `LAYOUTS`.
      channels_last: memory layout of images and convolutions.
      batch_size: images in a batch; FactorVAE takes two batches a step.
    """

    def __init__(self, system: str, layout: str, *, channels_last: bool, batch_size: int = 64) -> None:
        torch.manual_seed(0)
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.encoder = encoder(LAYOUTS[layout]).to(memory_format=self.format)
        self.decoder = decoder(LAYOUTS[layout]).to(memory_format=self.format)
        parameters = [*self.encoder.parameters(), *self.decoder.parameters()]
        self.optimizer = torch.optim.Adam(parameters, 5e-4)
        if system == "factor_vae":
            self.discriminator = discriminator()
            adversary = self.discriminator.parameters()
            self.discriminator_optimizer = torch.optim.Adam(adversary, 1e-4, betas=(0.5, 0.9))
        self.data, self.batch_size = DSprites(), batch_size
        self.random = np.random.default_rng(0)
        self.step: Callable[[], float] = getattr(self, f"_{system}")

    def images(self, num: int) -> torch.Tensor:
        """Returns random images, `[num, 1, 64, 64]`."""
        rows = self.random.integers(len(self.data), size=num)
        images = torch.from_numpy(self.data[rows]).permute(0, 3, 1, 2)  # One channel: a view in either layout.
        return images.contiguous(memory_format=self.format)

    def encode(self, num: int) -> np.ndarray:
        """Returns the means of images."""
        with torch.inference_mode():
            return self.encoder(self.images(num))[:, :LATENT_DIM].numpy()

    def _forward(self, images: torch.Tensor) -> tuple[torch.Tensor, ...]:
        mean, log_var = self.encoder(images).chunk(2, dim=1)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        logits = self.decoder(z)
        bce = functional.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
        kl = 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var).sum() / len(images)
        return z, mean, log_var, bce, kl

    def _beta_vae(self) -> float:
        *_, bce, kl = self._forward(self.images(self.batch_size))
        return self._update(bce + 4.0 * kl)

    def _beta_tc_vae(self) -> float:
        z, mean, log_var, bce, _ = self._forward(self.images(self.batch_size))
        own = log_normal(z, mean, log_var).sum(1)
        pairs = log_normal(z[:, None], mean[None], log_var[None])  # [z, posterior, dimension]
        log_count = math.log(len(z) * len(self.data))
        aggregate = torch.logsumexp(pairs.sum(2), 1) - log_count
        product = (torch.logsumexp(pairs, 1) - log_count).sum(1)
        prior = log_normal(z, torch.zeros_like(z), torch.zeros_like(z)).sum(1)
        return self._update(bce + ((own - aggregate) + 6.0 * (aggregate - product) + (product - prior)).mean())

    def _factor_vae(self) -> float:
        z, *_, bce, kl = self._forward(self.images(self.batch_size))
        logits = self.discriminator(z)
        loss = self._update(bce + kl + 35.0 * (logits[:, 0] - logits[:, 1]).mean())
        with torch.no_grad():
            mean, log_var = self.encoder(self.images(self.batch_size)).chunk(2, dim=1)
            others = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
            permuted = torch.stack([column[torch.randperm(len(column))] for column in others.T], 1)
        codes = torch.cat([z.detach(), permuted])
        labels = torch.arange(2).repeat_interleave(len(z))
        self.discriminator_optimizer.zero_grad()
        functional.cross_entropy(self.discriminator(codes), labels).backward()
        self.discriminator_optimizer.step()
        return loss

    def _update(self, loss: torch.Tensor) -> float:
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return float(loss.detach())


def log_normal(z: torch.Tensor, mean: torch.Tensor, log_var: torch.Tensor) -> torch.Tensor:
    """Returns the log densities of normal distributions."""
    return -0.5 * ((z - mean).square() * torch.exp(-log_var) + log_var + math.log(2.0 * math.pi))
