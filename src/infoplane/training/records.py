"""What a training needs besides a network and data: the optimiser and the schedule."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import asdict, dataclass, fields

from infoplane.tasks.splits import SPLITS

OPTIMIZERS = ("adam", "sgd")
ADAM_EPSILONS = ("after_correction", "before_correction")


@dataclass(frozen=True)
class Optimizer:
    """Describe how a network descends.

    Attributes
    ----------
    optimizer : str
        ``"adam"`` (beta1 0.9, beta2 0.999, epsilon 1e-8) or plain ``"sgd"``.
    learning_rate : float
    batch_size : int or None
        Samples per mini-batch; None is full-batch descent, one step per epoch. The last
        mini-batch of an epoch holds what is left and counts as a step of its own.
    weight_decay : float
        L2 penalty: this times the weight is added to the weight's gradient; biases are free.
    largest_weight_norm : float or None
        After every step the incoming weights of a hidden unit whose Euclidean norm is larger are
        scaled down to it; biases and the output layer are free (Hinton et al. 2012,
        arXiv:1207.0580, section 2). None is no limit.
    adam_epsilon : str
        Where Adam adds its epsilon to the root of the second moment: ``"after_correction"`` of the
        moment's bias (Kingma & Ba 2015, algorithm 1; PyTorch) or ``"before_correction"``, which
        makes it larger in the first steps (the last lines of their section 2; TensorFlow, which
        SZT's code ran on).
    zero_gradients : bool
        Whether each step starts from no gradient. Without, gradients add up from step to step, as
        in a PyTorch loop that never calls ``zero_grad``.
    batches_per_epoch : int or None
        Only the first so many mini-batches of an epoch are taken; None takes all.
    """

    optimizer: str
    learning_rate: float
    batch_size: int | None = None
    weight_decay: float = 0.0
    largest_weight_norm: float | None = None
    adam_epsilon: str = "after_correction"
    zero_gradients: bool = True
    batches_per_epoch: int | None = None

    def __post_init__(self):
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer {self.optimizer!r} is not one of: {', '.join(OPTIMIZERS)}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, not {self.learning_rate}")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1 or None, not {self.batch_size}")
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, not {self.weight_decay}")
        limit = self.largest_weight_norm
        if limit is not None and not (0 < limit < math.inf):
            raise ValueError(f"largest_weight_norm must be finite and above 0 or None, not {limit}")
        if self.batches_per_epoch is not None:
            if self.batches_per_epoch < 1:
                raise ValueError(
                    f"batches_per_epoch must be at least 1 or None, not {self.batches_per_epoch}"
                )
            if self.batch_size is None:
                raise ValueError("batches_per_epoch needs mini-batches, and batch_size is full")
        if self.adam_epsilon not in ADAM_EPSILONS:
            raise ValueError(
                f"adam_epsilon {self.adam_epsilon!r} is not one of: {', '.join(ADAM_EPSILONS)}"
            )
        if self.optimizer != "adam" and self.adam_epsilon != ADAM_EPSILONS[0]:
            raise ValueError(f"adam_epsilon is Adam's, and {self.optimizer} has none")

    def is_default_but_for(self, known: Collection[str]) -> bool:
        """Return whether all that is not named stands at its default.

        An engine names what it knows: what is added to this record later it then refuses.
        """
        others = (field for field in fields(self) if field.name not in known)
        return all(getattr(self, field.name) == field.default for field in others)

    def as_dict(self) -> dict:
        """Return the record as plain data, for a file's attributes."""
        return asdict(self)


@dataclass(frozen=True)
class Schedule:
    """Describe how long a network trains, on how much, and when it is looked at.

    Attributes
    ----------
    epochs : int
        Passes over the training set.
    snapshots : int
        Number of log-spaced epochs to ask for; early ones coincide, so fewer are kept.
    training_fraction : float
        Share of the samples to train on, above 0 and at most 1.
    split : str
        Which samples: ``"shuffled"``, drawn by each network, or ``"first"`` of the task for all of
        them, as SZT's code takes them; one of `infoplane.tasks.splits.SPLITS`.
    """

    epochs: int
    snapshots: int
    training_fraction: float
    split: str = "shuffled"

    def __post_init__(self):
        if self.epochs < 1 or self.snapshots < 2:
            raise ValueError("epochs must be at least 1 and snapshots at least 2")
        if not 0 < self.training_fraction <= 1:
            raise ValueError(
                f"training_fraction must be above 0 and at most 1, not {self.training_fraction}"
            )
        if self.split not in SPLITS:
            raise ValueError(f"split {self.split!r} is not one of: {', '.join(SPLITS)}")

    def as_dict(self) -> dict:
        """Return the record as plain data, for a file's attributes."""
        return asdict(self)
