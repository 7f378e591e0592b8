"""Training of many networks at once.

>>> from infoplane.training import train_ensemble
>>> result = train_ensemble(inputs, labels, settings, initialisations=range(50), seed=0)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

import numpy as np

from infoplane.data import training_samples
from infoplane.networks import initial_parameters, losses_and_hits, unit_rows
from infoplane.settings import TrainingSettings
from infoplane.training.schedule import seed_sequence, snapshot_epochs

__all__ = ["ENGINES", "METRICS", "TrainingResult", "train_ensemble"]

ENGINES = ("auto", "fused", "torch")
DEVICES = ("auto", "cpu", "cuda")
METRICS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy")


@dataclass(frozen=True)
class TrainingResult:
    """Hold what training leaves behind.

    Attributes
    ----------
    initialisations : array of int64, shape (inits,)
    epochs : array of int64, shape (snapshots,)
        Epoch of each snapshot; 0 is before training.
    parameters : array of float32, shape (inits, snapshots, parameters)
        In the layout of `infoplane.networks`; NaN from a network's divergence on.
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    metrics : dict of array of float64, shape (inits, snapshots)
        Mean losses in nats and accuracies as shares; NaN where there is no test set, and from
        a network's divergence on.
    diverged_epoch : array of int64, shape (inits,)
        First snapshot epoch at which a parameter or the loss is not finite; -1 if none.
    engine : str
        The engine that trained.
    """

    initialisations: np.ndarray
    epochs: np.ndarray
    parameters: np.ndarray
    training_samples: np.ndarray
    metrics: dict[str, np.ndarray]
    diverged_epoch: np.ndarray
    engine: str

    @property
    def status(self) -> list[str]:
        """Return ``"ok"`` or ``"diverged"`` for each initialisation."""
        return ["ok" if epoch < 0 else "diverged" for epoch in self.diverged_epoch]


def train_ensemble(
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: TrainingSettings,
    initialisations: Iterable[int],
    seed: int,
    engine: str = "auto",
    device: str = "auto",
    progress: Callable[[int], object] | None = None,
) -> TrainingResult:
    """Train one network per initialisation.

    Parameters
    ----------
    inputs : array, shape (samples, features)
        X.
    labels : array of int, shape (samples,)
        Y, classes 0 .. widths[-1] - 1.
    settings : TrainingSettings
    initialisations : iterable of int
        Indices of the networks; each depends on the seed and its own index alone.
    seed : int
        The run's seed.
    engine : str
        ``"fused"`` (compiled, CPU), ``"torch"`` or ``"auto"``: the fused one where it can.
    device : str
        ``"cpu"``, ``"cuda"`` (torch engine only) or ``"auto"``: the CPU, unless the torch
        engine is asked for and a GPU is there.
    progress : callable, optional
        Called with the number of epochs done at every snapshot.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If inputs, labels and settings do not fit together, or there is no such engine.
    """
    inputs = np.ascontiguousarray(inputs, dtype=np.float32)
    labels = np.ascontiguousarray(labels, dtype=np.int64)
    _check_data(inputs, labels, settings)
    initialisations = np.fromiter(initialisations, dtype=np.int64)
    splits, order_seeds, parameters = _prepare(labels, settings, initialisations, seed)
    engine, device = choose_engine(engine, device, settings)
    trainer = _make_engine(engine, device, settings, initialisations)(
        settings, inputs, labels, splits, order_seeds, parameters
    )

    epochs = snapshot_epochs(settings.epochs, settings.snapshots)
    snapshots = np.empty((len(initialisations), len(epochs), parameters.shape[1]), np.float32)
    snapshots[:, 0] = parameters
    for number in range(1, len(epochs)):
        trainer.advance(int(epochs[number - 1]), int(epochs[number]))
        snapshots[:, number] = trainer.parameters
        if progress is not None:
            progress(int(epochs[number]))
    metrics, diverged = _measure(snapshots, inputs, labels, splits, settings)
    return TrainingResult(
        initialisations=initialisations,
        epochs=epochs,
        parameters=snapshots,
        training_samples=splits,
        metrics=metrics,
        diverged_epoch=np.where(diverged < 0, -1, epochs[diverged]),
        engine=engine,
    )


def choose_engine(engine: str, device: str, settings: TrainingSettings) -> tuple[str, str]:
    """Return the engine and device that serve these settings.

    Parameters
    ----------
    engine, device : str
        What was asked for, possibly ``"auto"``.
    settings : TrainingSettings

    Returns
    -------
    engine, device : tuple of str

    Raises
    ------
    ValueError
        If what was asked for does not exist or cannot serve the settings.
    """
    for name, value, allowed in (("engine", engine, ENGINES), ("device", device, DEVICES)):
        if value not in allowed:
            raise ValueError(f"{name} {value!r} is not one of: {', '.join(allowed)}")
    if engine != "torch":
        if _engine_class("fused", settings).supports(settings) and device != "cuda":
            return "fused", "cpu"
        if engine == "fused":
            raise ValueError(
                f"the fused engine serves neither a GPU nor these settings: device {device!r}, "
                f"{settings}"
            )
    import torch

    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise ValueError("device 'cuda' was asked for, but PyTorch sees no GPU")
    return "torch", ("cuda" if available else "cpu") if device == "auto" else device


def _make_engine(
    engine: str, device: str, settings: TrainingSettings, initialisations: np.ndarray
) -> Callable:
    """Return what makes an engine of the settings and the networks' arrays."""
    engine_class = _engine_class(engine, settings)
    if engine == "fused":
        return engine_class
    from infoplane.training.fixed_stacks import FixedStacks

    return partial(FixedStacks, engine_class, initialisations.tolist(), device=device)


def _engine_class(engine: str, settings: TrainingSettings) -> type:
    """Return the class that trains such networks, importing what it needs."""
    quantised = settings.quantisation_bits is not None
    noisy = settings.noise_standard_deviation > 0
    if engine == "fused" and (quantised or noisy):
        from infoplane.training.channel_engine import ChannelEngine

        return ChannelEngine
    if engine == "fused":
        from infoplane.training.fused_engine import FusedEngine

        return FusedEngine
    if quantised:
        from infoplane.training.quantised import QuantisedTorchEngine

        return QuantisedTorchEngine
    if noisy:
        from infoplane.training.noisy import NoisyTorchEngine

        return NoisyTorchEngine
    from infoplane.training.torch_engine import TorchEngine

    return TorchEngine


def _check_data(inputs: np.ndarray, labels: np.ndarray, settings: TrainingSettings) -> None:
    if inputs.ndim != 2 or inputs.shape[1] != settings.widths[0]:
        raise ValueError(
            f"inputs of shape {inputs.shape} do not fit an input layer of {settings.widths[0]}"
        )
    if labels.shape != inputs.shape[:1]:
        raise ValueError(f"labels must have shape ({len(inputs)},), not {labels.shape}")
    if labels.min() < 0 or labels.max() >= settings.widths[-1]:
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}, "
            f"but there are {settings.widths[-1]} output units"
        )


def _prepare(
    labels: np.ndarray, settings: TrainingSettings, initialisations: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw each network's training set, order seed and initial parameters."""
    splits, order_seeds, parameters = [], [], []
    for initialisation in initialisations.tolist():
        weights, split, order = (
            seed_sequence(seed, initialisation, purpose)
            for purpose in ("weights", "split", "order")
        )
        splits.append(
            training_samples(labels, settings.training_fraction, np.random.default_rng(split))
        )
        order_seeds.append(order.generate_state(1, np.uint64)[0])
        parameters.append(
            initial_parameters(
                settings.widths, settings.initial_weights, np.random.default_rng(weights)
            )
        )
    return np.stack(splits), np.array(order_seeds, dtype=np.uint64), np.stack(parameters)


def _measure(
    snapshots: np.ndarray,
    inputs: np.ndarray,
    labels: np.ndarray,
    splits: np.ndarray,
    settings: TrainingSettings,
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Measure losses and accuracies, and find where each network diverged (-1: nowhere).

    Parameters from a divergence on are set to NaN in place.
    """
    metrics = {name: np.full(snapshots.shape[:2], np.nan) for name in METRICS}
    diverged = np.full(len(snapshots), -1)
    inputs = np.asfortranarray(inputs)  # as `unit_rows` reads it
    for init, split in enumerate(splits):
        parts = {"train": np.sort(split), "test": np.delete(np.arange(len(labels)), split)}
        for number, parameters in enumerate(snapshots[init]):
            losses = np.array(np.nan)
            if np.isfinite(parameters).all():
                *_, (net_input, _) = unit_rows(parameters, settings, inputs)
                losses, hits = losses_and_hits(net_input, labels, settings.output)
            if not np.isfinite(losses).all():
                diverged[init] = number
                snapshots[init, number:] = np.nan
                break
            for part, members in parts.items():
                if members.size:
                    metrics[f"{part}_loss"][init, number] = losses[members].mean()
                    metrics[f"{part}_accuracy"][init, number] = hits[members].mean()
    return metrics, diverged
