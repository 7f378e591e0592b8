"""A small autoencoder: the code of a few numbers from which samples are best told again."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.compiled.threads import one_thread

HIDDEN_UNITS = 32
STEPS = 200
LEARNING_RATE = 3e-3


class _Side(torch.nn.Module):
    """Add a network with one hidden tanh layer, which starts as nothing, to a linear map."""

    def __init__(self, linear: np.ndarray, generator: torch.Generator):
        super().__init__()
        outputs, inputs = linear.shape
        self.linear = torch.nn.Parameter(torch.from_numpy(linear.astype(np.float32)))
        hidden = torch.empty(HIDDEN_UNITS, inputs)
        hidden.normal_(0.0, inputs**-0.5, generator=generator)
        self.hidden = torch.nn.Parameter(hidden)
        self.biases = torch.nn.Parameter(torch.zeros(HIDDEN_UNITS))
        self.output = torch.nn.Parameter(torch.zeros(outputs, HIDDEN_UNITS))

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        hidden = torch.tanh(torch.addmm(self.biases, values, self.hidden.T))
        return torch.addmm(values @ self.linear.T, hidden, self.output.T)


@one_thread()
def encoded(centred: np.ndarray, directions: np.ndarray, seed: int) -> tuple[np.ndarray, float]:
    """Train an autoencoder on all samples and return their codes.

    Parameters
    ----------
    centred : array of float64, shape (samples, units)
        With mean 0, not all equal.
    directions : array of float64, shape (units, dimensions)
        Orthonormal: the principal components, at which encoder and decoder start, so that the code
        never keeps less than they do.
    seed : int
        Of the hidden layers' initial weights.

    Returns
    -------
    codes : array of float64, shape (samples, dimensions)
        Of the step with the least error.
    error : float
        Mean squared error of the samples told again, over their mean square: what the code leaves
        out.
    """
    values = torch.from_numpy((centred / np.sqrt(np.mean(centred**2))).astype(np.float32))
    generator = torch.Generator().manual_seed(seed)
    encoder, decoder = (_Side(linear, generator) for linear in (directions.T, directions))
    parameters = [*encoder.parameters(), *decoder.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=LEARNING_RATE, fused=True)
    codes, least = None, np.inf
    for step in range(STEPS + 1):
        code = encoder(values)
        loss = (decoder(code) - values).square().mean()
        if loss.item() < least:
            codes, least = code.detach().double().numpy(), loss.item()
        if step < STEPS:
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return codes, least
