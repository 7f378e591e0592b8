"""Training of many networks at once.

>>> from infoplane.training import train_ensemble
>>> result = train_ensemble(
...     inputs, labels, network, optimizer, schedule, initialisations=range(50), seed=0
... )
"""

from infoplane.training.curves import METRICS
from infoplane.training.ensemble import TrainingResult, train_ensemble
from infoplane.training.records import Optimizer, Schedule

__all__ = ["METRICS", "Optimizer", "Schedule", "TrainingResult", "train_ensemble"]
