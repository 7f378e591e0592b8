"""Settings of a training run: one frozen record that both engines and every stage read."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

ACTIVATIONS = ("tanh", "relu", "linear", "softsign", "softplus")
OUTPUTS = ("softmax", "sigmoid")
INITIAL_WEIGHTS = (
    "truncated_normal_fan_in",
    "truncated_normal_fan_out",
    "glorot",
    "he",
    "pytorch",
)
OPTIMIZERS = ("adam", "sgd")


@dataclass(frozen=True)
class TrainingSettings:
    """Describe how the networks of one run are built and trained.

    Attributes
    ----------
    widths : tuple of int
        Units of every layer from the input to the output, such as (12, 10, 7, 5, 4, 3, 2).
    activation : str
        Nonlinearity of all hidden layers, one of `ACTIVATIONS`.
    output : str
        ``"softmax"`` with cross-entropy, or ``"sigmoid"``: independent sigmoid units with
        binary cross-entropy against the one-hot label, averaged over the units.
    initial_weights : str
        Distribution of the initial weights, one of `INITIAL_WEIGHTS`.
    optimizer : str
        ``"adam"`` (beta1 0.9, beta2 0.999, epsilon 1e-8) or plain ``"sgd"``.
    learning_rate : float
    batch_size : int or None
        Samples per mini-batch; None is full-batch descent, one step per epoch. The last
        mini-batch of an epoch holds what is left and counts as a step of its own.
    epochs : int
        Passes over the training set.
    snapshots : int
        Number of log-spaced epochs to ask for; early ones coincide, so fewer are kept.
    training_fraction : float
        Share of the samples to train on, above 0 and at most 1.
    weight_decay : float
        L2 penalty: this times the weight is added to the weight's gradient; biases are free.
    quantisation_bits : int or None
        Bits of the quantised weights and activations (Lorenzen et al. 2022); None leaves them
        in floating point.
    noise_standard_deviation : float
        Gaussian noise added to every hidden unit while training, in units of activation
        (Goldfeld et al. 2019); 0 is none.
    """

    widths: tuple[int, ...]
    activation: str
    output: str
    initial_weights: str
    optimizer: str
    learning_rate: float
    batch_size: int | None
    epochs: int
    snapshots: int
    training_fraction: float
    weight_decay: float = 0.0
    quantisation_bits: int | None = None
    noise_standard_deviation: float = 0.0

    def __post_init__(self):
        object.__setattr__(self, "widths", tuple(int(width) for width in self.widths))
        for name, allowed in (
            ("activation", ACTIVATIONS),
            ("output", OUTPUTS),
            ("initial_weights", INITIAL_WEIGHTS),
            ("optimizer", OPTIMIZERS),
        ):
            if getattr(self, name) not in allowed:
                raise ValueError(
                    f"{name} {getattr(self, name)!r} is not one of: {', '.join(allowed)}"
                )
        if len(self.widths) < 2 or min(self.widths) < 1:
            raise ValueError(f"widths must name at least two layers of units, not {self.widths}")
        if not self.learning_rate > 0:
            raise ValueError(f"learning_rate must be above 0, not {self.learning_rate}")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size must be at least 1 or None, not {self.batch_size}")
        if self.epochs < 1 or self.snapshots < 2:
            raise ValueError("epochs must be at least 1 and snapshots at least 2")
        if not 0 < self.training_fraction <= 1:
            raise ValueError(
                f"training_fraction must be above 0 and at most 1, not {self.training_fraction}"
            )
        if self.weight_decay < 0:
            raise ValueError(f"weight_decay must not be negative, not {self.weight_decay}")
        self._check_channel()

    def _check_channel(self) -> None:
        """Refuse impossible bits and noise."""
        bits, noise = self.quantisation_bits, self.noise_standard_deviation
        if bits is not None and (type(bits) is not int or not 2 <= bits <= 16):
            raise ValueError(
                f"quantisation_bits must be a whole number from 2 to 16 or None, not {bits!r}"
            )
        if not 0 <= noise < math.inf:
            raise ValueError(
                f"noise_standard_deviation must be finite and not negative, not {noise}"
            )
        if bits is not None and noise > 0:
            raise ValueError(
                "quantisation_bits and noise_standard_deviation cannot be set together: noise "
                "takes a quantised layer off its levels"
            )

    @property
    def layers(self) -> int:
        """Return the number of layers with weights, hidden ones and the output."""
        return len(self.widths) - 1

    def as_dict(self) -> dict:
        """Return the settings as plain data, for a file's attributes."""
        return asdict(self)
