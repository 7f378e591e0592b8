"""A classifier with one hidden layer, as scikit-learn's `MLPClassifier` but compiled as a whole.

Initial weights, shuffles and the steps of Adam are scikit-learn's, so that results differ by
rounding alone: of networks as small, what surrounds the arithmetic takes most of its time.
"""

from __future__ import annotations

import numpy as np
from sklearn.utils import check_random_state

from infoplane.estimators._mlp_kernels import HIDDEN_UNITS, predict, train

EPOCHS = 200
LARGEST_BATCH = 200
DECAY = 1e-3


class MlpProbe:
    """Tell labels from features by 32 ReLU units.

    Parameters
    ----------
    seed : int
        Of the initial weights and shuffles.
    """

    def __init__(self, seed: int):
        self._seed = seed

    def fit(self, features: np.ndarray, labels: np.ndarray) -> MlpProbe:
        """Train for 200 epochs, in batches of at most 200.

        Parameters
        ----------
        features : array of float, shape (samples, units)
        labels : array of int, shape (samples,)
            Numbered from 0, each of them there.

        Returns
        -------
        MlpProbe
            Itself.
        """
        random, classes = check_random_state(self._seed), int(labels.max()) + 1
        # Of two classes one probability says all.
        self._outputs = 1 if classes == 2 else classes
        layers = []
        for below, above in ((features.shape[1], HIDDEN_UNITS), (HIDDEN_UNITS, self._outputs)):
            limit = np.sqrt(6.0 / (below + above))
            layers += [random.uniform(-limit, limit, (below, above))]
            layers += [random.uniform(-limit, limit, above)]
        # The outputs' weights as rows of as many units.
        layers[2] = layers[2].T
        self._parameters = np.concatenate([layer.ravel() for layer in layers])
        order, orders = np.arange(len(labels)), np.empty((EPOCHS, len(labels)), np.int64)
        for epoch in range(EPOCHS):
            order = orders[epoch] = order[random.permutation(len(labels))]
        train(
            np.ascontiguousarray(features, np.float64),
            labels.astype(np.int64),
            orders,
            min(LARGEST_BATCH, len(labels)),
            DECAY,
            self._parameters,
            self._outputs,
        )
        return self

    def predict_proba(self, features: np.ndarray) -> np.ndarray:
        """Return each class's probability, shape (samples, classes)."""
        features = np.ascontiguousarray(features, np.float64)
        found = predict(features, self._parameters, self._outputs)
        return np.hstack([1.0 - found, found]) if self._outputs == 1 else found
