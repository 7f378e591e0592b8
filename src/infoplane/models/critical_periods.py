"""Critical periods: networks that see their images through a deficit for some epochs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import ClassVar, NamedTuple

import numpy as np

from infoplane.checks import (
    require_choice,
    require_not_negative,
    require_positive,
    require_whole,
)
from infoplane.models._stacked import StackedModel
from infoplane.models.base import log_spaced_epochs, require_different, require_widths
from infoplane.tasks.base import Task

OF_IMAGES = ("blur", "flip")
OF_ANY_TASK = ("permutation", "noise")
DEFICITS = (*OF_IMAGES, *OF_ANY_TASK)
NONE = "none"
"""What stands for a deficit in networks that never have one."""
RATES = ("decayed", "constant", "rewarmed")
NETWORKS = ("dense", "convolutional")
ACTIVATIONS = ("relu", "linear")


class Course(NamedTuple):
    """Say how one network is trained: its deficit, first epoch with it and without, its rate."""

    deficit: str
    starts: int
    ends: int
    rate: str


@dataclass(frozen=True)
class CriticalPeriodsModel(StackedModel):
    """Describe networks whose images, or labels, are impaired in some epochs of their training.

    However long a deficit lasts, the same number of epochs with clean images follows. Beside the
    networks with a deficit there are, for each span and rate, networks that are trained as long and
    never had one, and networks that are trained on the clean epochs alone.

    Parameters
    ----------
    deficits : list of str
        Of `DEFICITS`. ``blur``: images are averaged down to `blur_side` pixels a side and brought
        back by bilinear interpolation; ``flip``: they stand upside down; ``permutation``: each
        class is called by the name of the next; ``noise``: independent normal numbers, with mean
        and deviation of all pixels, stand in place of the images, drawn anew at each step.
    spans : list of [int, int]
        First epoch with a deficit, first epoch without; each is crossed with all deficits.
    rates : list of str
        Of `RATES`. ``decayed``: the learning rate falls by a factor an epoch, from the first epoch
        on; ``constant``; ``rewarmed``: as decayed, and from where the deficit ends all over again.
    blur_side : int
        Pixels a side that blur leaves.
    samples : int
        In the training set, drawn by each initialisation; all others are the test set.
    network : str
        ``dense`` or ``convolutional``: 3 x 3, zeros around, all but the first of stride 2, and a
        dense output layer.
    widths : list of int
        Units of the hidden layers, or channels.
    activation : str
        ``relu`` or ``linear``.
    epochs : int
        With clean images after the deficit, and of all training where there is none.
    batch_size : int
    learning_rate, rate_decay : float
        At the start, and its factor an epoch, at most 1.
    momentum, weight_decay : float
        Of stochastic gradient descent on the mean cross-entropy.
    snapshots : int
        At most so many epochs, log-spaced up to the longest training, at which networks are
        measured; also each one's last.
    fisher_samples : int
        Training images for the Fisher information.
    initialisations, seed : int
        Each has its own split, initial weights and order of the images, the same for all courses.

    References
    ----------
    Achille, Rovere & Soatto (2019), ICLR, "Critical learning periods in deep networks".
    Ash & Adams (2020), NeurIPS, "On warm-starting neural network training", for what first data
    may do without being impaired.
    """

    name: ClassVar[str] = "critical_periods"
    purposes: ClassVar[tuple[str, ...]] = ("split", "weights", "order", "noise", "probe")

    deficits: Sequence[str]
    spans: Sequence[Sequence[int]]
    rates: Sequence[str]
    blur_side: int
    samples: int
    network: str
    widths: Sequence[int]
    activation: str
    epochs: int
    batch_size: int
    learning_rate: float
    rate_decay: float
    momentum: float
    weight_decay: float
    snapshots: int
    fisher_samples: int
    initialisations: int
    seed: int

    def __post_init__(self):
        for name in ("blur_side", "samples", "epochs", "batch_size", "initialisations"):
            require_whole(name, getattr(self, name), at_least=1)
        require_whole("snapshots", self.snapshots, at_least=2)
        require_whole("fisher_samples", self.fisher_samples, at_least=1)
        require_whole("seed", self.seed, at_least=0)
        if self.fisher_samples > self.samples:
            raise ValueError(
                f"fisher_samples must be at most the {self.samples} samples, not "
                f"{self.fisher_samples}"
            )
        for name, allowed in (("deficits", DEFICITS), ("rates", RATES)):
            object.__setattr__(self, name, require_different(name, getattr(self, name)))
            for value in getattr(self, name):
                require_choice(name, value, allowed)
        require_choice("network", self.network, NETWORKS)
        require_choice("activation", self.activation, ACTIVATIONS)
        object.__setattr__(self, "widths", require_widths("widths", self.widths))
        for name in ("learning_rate", "rate_decay"):
            require_positive(name, getattr(self, name))
        for name in ("momentum", "weight_decay"):
            require_not_negative(name, getattr(self, name))
        for name, most in (("rate_decay", 1), ("momentum", 1)):
            if getattr(self, name) > most:
                raise ValueError(f"{name} must be at most {most}, not {getattr(self, name)}")
        spans = require_different("spans", [self._span(span) for span in self.spans])
        object.__setattr__(self, "spans", spans)

    def _span(self, span: Sequence[int]) -> tuple[int, int]:
        if not isinstance(span, list | tuple) or len(span) != 2:
            raise ValueError(
                f"spans must be lists of two epochs, the first with a deficit and the first "
                f"without, not {span!r}"
            )
        starts, ends = span
        require_whole("spans", starts, at_least=0)
        require_whole("spans", ends, at_least=1)
        if starts >= self.epochs:
            raise ValueError(
                f"spans: a deficit that starts at epoch {starts} starts after training ends, at "
                f"epoch {self.epochs}; allowed: 0 to {self.epochs - 1}"
            )
        if ends <= starts:
            raise ValueError(
                f"spans: a deficit from epoch {starts} must end after it, not at {ends}"
            )
        return starts, ends

    def check_task(self, input_shape: tuple[int, ...], classes: int) -> None:
        """Refuse a task that cannot have one of the deficits, or no such network.

        Parameters
        ----------
        input_shape : tuple of int
        classes : int

        Raises
        ------
        ValueError
        """
        if len(input_shape) == 3:
            side = min(input_shape[1:])
            if "blur" in self.deficits and self.blur_side >= side:
                raise ValueError(
                    f"blur_side must be below the {side} pixels of a side, not {self.blur_side}"
                )
            return
        shape = f"a task whose inputs have the shape {tuple(input_shape)}, which are no images"
        if of_images := [name for name in self.deficits if name in OF_IMAGES]:
            raise ValueError(
                f"deficits {', '.join(of_images)}: {shape}, cannot have them; allowed: "
                f"{', '.join(OF_ANY_TASK)}"
            )
        if self.network == "convolutional":
            raise ValueError(f"network convolutional: {shape}, cannot have it; allowed: dense")

    def courses(self) -> list[Course]:
        """Return how each network of an initialisation is trained, the longest ones first."""
        crossed = product((NONE, *self.deficits), self.spans, self.rates)
        courses = [Course(deficit, *span, rate) for deficit, span, rate in crossed]
        courses += [Course(NONE, 0, 0, rate) for rate in self.rates]
        return sorted(courses, key=lambda course: -course.ends)

    def measured_epochs(self) -> set[int]:
        """Return the epochs at which all networks are measured that are trained so long."""
        longest = max(ends for _, ends in self.spans) + self.epochs
        return set(log_spaced_epochs(longest, self.snapshots).tolist())

    def solve(self, task: Task | None = None) -> dict[str, np.ndarray]:
        """Train all networks; those of one initialisation are one stack.

        Parameters
        ----------
        task : Task

        Returns
        -------
        columns : dict of array
            A row for each network and epoch measured, the last one's being its final: ``init,
            deficit, starts, ends, rate, epoch``; ``test_accuracy`` on clean images with their own
            labels; ``fisher_trace``, in nats, of all weights without biases, on training images as
            the network sees them in the epoch that follows; ``status``, ``ok`` or ``diverged``.

        Raises
        ------
        ValueError
            If the task has too few images or cannot have a deficit.
        """
        self.check_task(task.inputs.shape[1:], task.classes)
        if len(task.labels) <= self.samples:
            raise ValueError(
                f"{self.samples} samples, and a test set, cannot come from {len(task.labels)}"
            )
        return self.solve_all(task)

    def solve_one(self, task: Task, init: int) -> dict[str, np.ndarray]:
        """Train the networks of one initialisation on all courses."""
        from infoplane.models._deficit_stack import DeficitStack

        found = DeficitStack(self, task, init).train()
        return {"init": np.full(len(found["epoch"]), init), **found}
