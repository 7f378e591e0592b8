"""A reproducible trial of the information-bottleneck debate in deep learning.

>>> import infoplane
>>> task = infoplane.szt_task()
>>> network = infoplane.make_network(
...     "dense", widths=(12, 8, 2), activation="tanh", output="softmax", initial_weights="glorot"
... )
>>> result = infoplane.train_ensemble(
...     task.inputs,
...     task.labels,
...     network,
...     infoplane.Optimizer("adam", learning_rate=0.001, batch_size=256),
...     infoplane.Schedule(epochs=100, snapshots=20, training_fraction=0.8),
...     initialisations=range(5),
...     seed=0,
... )
>>> binned = infoplane.make_estimator("binned", bins=30, low=-1.0, high=1.0)
"""

from importlib import import_module

# Imported when first asked for: each brings libraries that not everybody needs.
_HOMES = {
    "LivePlane": "infoplane.live",
    "Optimizer": "infoplane.training.records",
    "Reading": "infoplane.reading",
    "Schedule": "infoplane.training.records",
    "information_plane": "infoplane.plane",
    "make_estimator": "infoplane.estimators",
    "make_measure": "infoplane.measures",
    "make_network": "infoplane.networks",
    "make_task": "infoplane.tasks",
    "szt_task": "infoplane.tasks.icosahedron",
    "train_ensemble": "infoplane.training",
}

__all__ = ["__version__", *_HOMES]


def __getattr__(name: str):
    if name == "__version__":
        from importlib.metadata import version

        return version("infoplane")
    if name not in _HOMES:
        raise AttributeError(f"module 'infoplane' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
