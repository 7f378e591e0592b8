"""What several tests need: settings of a small network, and a stand-in for Snakemake's object."""

from types import SimpleNamespace

from infoplane.settings import TrainingSettings


class Named(dict):
    """A dictionary whose items are attributes too, like Snakemake's named lists."""

    __getattr__ = dict.__getitem__


def settings(**changes) -> TrainingSettings:
    """Return the settings of a small network, with some changed."""
    return TrainingSettings(
        **{
            "widths": (12, 8, 5, 2),
            "activation": "tanh",
            "output": "softmax",
            "initial_weights": "glorot",
            "optimizer": "adam",
            "learning_rate": 0.01,
            "batch_size": 64,
            "epochs": 10,
            "snapshots": 5,
            "training_fraction": 0.8,
            **changes,
        }
    )


def stand_in(input=None, output=None, params=None, wildcards=None, log="stage.log"):
    """Return an object with what a stage's main function reads from Snakemake's."""
    return SimpleNamespace(
        input=Named(input or {}),
        output=Named(output or {}),
        params=Named(params or {}),
        wildcards=Named(wildcards or {}),
        log=[log],
        threads=1,
        rule="stage",
    )
