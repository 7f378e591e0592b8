"""The search for images of which a layer makes given values."""

from __future__ import annotations

import numpy as np
import torch

from infoplane.compiled.threads import one_thread
from infoplane.networks.modules import ModuleNetwork


def search_images(
    network: ModuleNetwork,
    parameters: np.ndarray,
    layer: int,
    wanted: np.ndarray,
    inputs: np.ndarray,
    steps: int,
    learning_rate: float,
) -> np.ndarray:
    """Search for images of which a layer makes the values wanted, from the mean image on.

    Parameters
    ----------
    network : ModuleNetwork
    parameters : array of float32, shape (parameter_count,)
    layer : int
        1 .. L; of the last one, the net input.
    wanted : array of float32, shape (images, units)
    inputs : array of float32, shape (patterns, ...)
        Whose mean the search starts at, and whose range it keeps to.
    steps : int
    learning_rate : float
        Of Adam.

    Returns
    -------
    images : array of float32, shape (images, ...)
    """
    vector, goal = torch.tensor(parameters), torch.tensor(wanted)
    scale = (goal**2).sum(dim=1).clamp(min=torch.finfo(goal.dtype).tiny)
    mean = torch.tensor(inputs.mean(axis=0, dtype=np.float64).astype(np.float32))
    images = mean.repeat(len(wanted), *[1] * mean.ndim).requires_grad_()
    limits = float(inputs.min()), float(inputs.max())
    optimizer = torch.optim.Adam([images], lr=learning_rate)
    with one_thread():
        for _ in range(steps):
            optimizer.zero_grad()
            values = network.skeleton.run_layers(vector, images)[layer - 1].flatten(1)
            (((values - goal) ** 2).sum(dim=1) / scale).sum().backward()
            optimizer.step()
            with torch.no_grad():
                images.clamp_(*limits)
    return images.detach().numpy()
