"""Train one network per initialisation, and follow all of them from snapshot to snapshot."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from infoplane.compiled.subnormals import flushed_subnormals
from infoplane.networks import Network
from infoplane.tasks.splits import training_samples
from infoplane.training.curves import LearningCurves
from infoplane.training.engines import choose_engine, make_engine
from infoplane.training.records import Optimizer, Schedule
from infoplane.training.schedule import seed_sequence, snapshot_epochs


@dataclass(frozen=True)
class TrainingResult:
    """Hold what training leaves behind.

    Attributes
    ----------
    initialisations : array of int64, shape (inits,)
    epochs : array of int64, shape (snapshots,)
        Epoch of each snapshot; 0 is before training.
    parameters : array of float32, shape (inits, snapshots, parameters), or None
        In the layout of the network; NaN from its divergence on. None if snapshots were handed
        over as they were made.
    training_samples : array of int64, shape (inits, training samples)
        Each network's own training set.
    metrics : dict of array of float64, shape (inits, snapshots)
        Mean losses in nats and accuracies as shares; NaN where there is no test set, and from
        a network's divergence on.
    lowest, highest : arrays of float32, shape (inits, layers)
        Smallest and largest activation of each layer over all patterns, and over all snapshots
        before a divergence.
    diverged_epoch : array of int64, shape (inits,)
        First snapshot epoch at which a parameter or the loss is not finite; -1 if none.
    engine : str
        The engine that trained.
    """

    initialisations: np.ndarray
    epochs: np.ndarray
    parameters: np.ndarray | None
    training_samples: np.ndarray
    metrics: dict[str, np.ndarray]
    lowest: np.ndarray
    highest: np.ndarray
    diverged_epoch: np.ndarray
    engine: str

    @property
    def status(self) -> list[str]:
        """Return ``"ok"`` or ``"diverged"`` for each initialisation."""
        return ["ok" if epoch < 0 else "diverged" for epoch in self.diverged_epoch]


def train_ensemble(
    inputs: np.ndarray,
    labels: np.ndarray,
    network: Network,
    optimizer: Optimizer,
    schedule: Schedule,
    initialisations: Iterable[int],
    seed: int,
    engine: str = "auto",
    device: str = "auto",
    progress: Callable[[int], object] | None = None,
    keep: Callable[[int, np.ndarray], object] | None = None,
) -> TrainingResult:
    """Train one network per initialisation.

    Parameters
    ----------
    inputs : array, shape (samples, ...)
        X.
    labels : array of int, shape (samples,)
        Y, one of the network's output units.
    network : Network
    optimizer : Optimizer
    schedule : Schedule
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
    keep : callable, optional
        Called at every snapshot with its number and the parameters, float32 of shape
        (inits, parameters), which are then not held: a chunk of large networks has more snapshots
        than fit in memory.

    Returns
    -------
    TrainingResult

    Raises
    ------
    ValueError
        If inputs, labels and network do not fit together, or no such engine trains it.
    """
    inputs = np.ascontiguousarray(inputs, dtype=np.float32)
    labels = np.ascontiguousarray(labels, dtype=np.int64)
    _check_data(inputs, labels, network)
    initialisations = np.fromiter(initialisations, dtype=np.int64)
    engine, device = choose_engine(engine, device, network, optimizer)
    splits, order_seeds, parameters = _prepare(labels, network, schedule, initialisations, seed)
    trainer = make_engine(
        engine,
        device,
        network,
        optimizer,
        initialisations.tolist(),
        (inputs, labels, splits, order_seeds, parameters),
    )
    epochs = snapshot_epochs(schedule.epochs, schedule.snapshots)
    curves = LearningCurves(network, inputs, labels, splits, len(epochs))
    held = None
    if keep is None:
        held = np.empty((len(parameters), len(epochs), parameters.shape[1]), np.float32)

        def keep(number: int, parameters: np.ndarray) -> None:
            held[:, number] = parameters

    for number, epoch in enumerate(epochs.tolist()):
        if number > 0:
            with flushed_subnormals():
                trainer.advance(int(epochs[number - 1]), epoch)
            parameters = trainer.parameters
        curves.add(number, parameters)
        keep(number, parameters)
        if number > 0 and progress is not None:
            progress(epoch)
    return TrainingResult(
        initialisations=initialisations,
        epochs=epochs,
        parameters=held,
        training_samples=splits,
        metrics=curves.metrics,
        lowest=curves.lowest,
        highest=curves.highest,
        diverged_epoch=np.where(curves.diverged < 0, -1, epochs[curves.diverged]),
        engine=engine,
    )


def _check_data(inputs: np.ndarray, labels: np.ndarray, network: Network) -> None:
    network.check_inputs(inputs.shape[1:])
    if labels.shape != inputs.shape[:1]:
        raise ValueError(f"labels must have shape ({len(inputs)},), not {labels.shape}")
    if labels.min() < 0 or labels.max() >= network.classes:
        raise ValueError(
            f"labels run from {labels.min()} to {labels.max()}, "
            f"but there are {network.classes} output units"
        )


def _prepare(
    labels: np.ndarray,
    network: Network,
    schedule: Schedule,
    initialisations: np.ndarray,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw each network's training set, order seed and initial parameters."""
    splits, order_seeds, parameters = [], [], []
    for initialisation in initialisations.tolist():
        weights, split, order = (
            seed_sequence(seed, initialisation, purpose)
            for purpose in ("weights", "split", "order")
        )
        splits.append(
            training_samples(
                labels, schedule.training_fraction, np.random.default_rng(split), schedule.split
            )
        )
        order_seeds.append(order.generate_state(1, np.uint64)[0])
        parameters.append(network.initial_parameters(np.random.default_rng(weights)))
    return np.stack(splits), np.array(order_seeds, dtype=np.uint64), np.stack(parameters)
