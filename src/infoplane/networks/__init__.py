"""Networks: parameters, initial parameters, and what each layer gives for an input.

To add one, write a module here with a frozen dataclass derived from `Network`, or from one of its
members, whose `name` is the module's: its fields are the network's parameters in the configuration.
`Network` says what it must answer. An engine in `infoplane.training` must know how to train it;
what is a `torch.nn.Module` derives from `infoplane.networks.modules.ModuleNetwork`, gives the
module, and is trained as it is.

>>> network = make_network(
...     "dense", widths=(12, 8, 2), activation="tanh", output="softmax", initial_weights="glorot"
... )
"""

from __future__ import annotations

from collections.abc import Mapping

from infoplane.families import Family
from infoplane.networks.base import Network

__all__ = ["NETWORKS", "Network", "make_network", "network_from_dict"]

NETWORKS = Family(
    "infoplane.networks",
    "network",
    shared=("base", "functions", "initial", "modules", "quantisation"),
)


def make_network(name: str, **parameters) -> Network:
    """Make a network of its name and parameters.

    Parameters
    ----------
    name : str
        Such as ``"dense"``; see `NETWORKS.names`.
    **parameters
        The network's own; it refuses others.

    Returns
    -------
    Network
    """
    return NETWORKS.make(name, **parameters)


def network_from_dict(plain: Mapping) -> Network:
    """Make a network of what its `as_dict` gave, ``{"network": name, **parameters}``."""
    parameters = dict(plain)
    return make_network(parameters.pop("network"), **parameters)
