"""Time the Fisher traces of networks of the study beside the training of the same networks.

Both are as configured: epochs, snapshots, patterns. Networks are trained as a stack, on one thread.
"""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.scaling import study
from benchmarks.timing import interleaved, median_ratio, medians
from infoplane.measures.base import TrainedNetwork
from infoplane.tasks import make_task
from infoplane.tasks.base import Task
from infoplane.training import TrainingResult, train_ensemble
from pipeline.configuration import Measurement, Run
from pipeline.planning import Study
from pipeline.selection import chosen_patterns, chosen_snapshots

RUNS = {
    "szt_tanh": "fisher",
    "digits_tanh": "fisher_images",
    "digits_relu": "fisher_images",
    "digits_convolutional": "fisher_images",
}
NETWORKS = 10
SNAPSHOTS = None  # as configured
ROUNDS = 3


def train(run: Run, task: Task) -> TrainingResult:
    """Train the first networks of a run."""
    networks = range(NETWORKS)
    trained = (run.network, run.optimizer, run.schedule)
    return train_ensemble(task.inputs, task.labels, *trained, networks, seed=run.seed)


def measure_all(run: Run, task: Task, measurement: Measurement, result: TrainingResult) -> None:
    """Measure all networks as a job of the study does."""
    wanted = SNAPSHOTS or measurement.snapshots
    for network, parameters in enumerate(result.parameters):
        chosen = chosen_snapshots(len(result.epochs), wanted)
        samples = result.training_samples[network]
        trained = TrainedNetwork(
            network=run.network,
            inputs=np.asarray(task.inputs, dtype=np.float32),
            labels=task.labels,
            patterns=chosen_patterns(measurement.evaluation, len(task.inputs), samples),
            initialisation=network,
            seed=run.seed,
            training_samples=samples,
            epochs=result.epochs[chosen],
            read_parameters=lambda place, own=parameters[chosen]: own[place],
        )
        measurement.measure.measure(trained)


def compared(planned: Study, name: str) -> dict:
    """Return seconds of both, and the share of the training time that the traces take."""
    run, measurement = planned.runs[name], planned.measurements[RUNS[name]]
    task = make_task(**planned.config["tasks"][run.task])
    result = train(run, task)
    times = interleaved(
        {
            "training": lambda: train(run, task),
            "fisher": lambda: measure_all(run, task, measurement, result),
        },
        ROUNDS,
    )
    return {
        "run": name,
        "snapshots": len(chosen_snapshots(len(result.epochs), SNAPSHOTS or measurement.snapshots)),
        "seconds": medians(times),
        "share_of_training": median_ratio(times["fisher"], times["training"]),
    }


def measure() -> dict:
    """Compare both for each run."""
    planned = Study(study())
    with threadpool_limits(1):
        found = [compared(planned, name) for name in RUNS]
    return {"networks": NETWORKS, "rounds": ROUNDS, "runs": found}
