"""Blahut-Arimoto iterations for the information bottleneck of a binary Y, with a certificate.

An input is its p(y = 1 given x), a cluster its p(y = 1 given t), both as logits: close to 0 and 1 a
probability would lose what tells inputs apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import scipy
from scipy.special import expit, xlogy

from infoplane.compiled.compilation import compiled

# A probability of exactly 0 or 1: at these logits a float64 probability is.
LARGEST_LOGIT = 700.0
# Blahut-Arimoto steps between two looks at the certificate.
STEPS = 30
# Clusters nearer than this, in the angle of `angle_of`, are one; those of less weight are none.
SAME_ANGLE, NO_WEIGHT = 1e-5, 1e-12
LARGEST_EXPONENT = 300.0


@dataclass(frozen=True)
class Inputs:
    """Hold a distribution p(x, y).

    Attributes
    ----------
    weights : array of float64, shape (inputs,)
        p(x), above 0, of sum 1.
    logits : array of float64, shape (inputs,)
        log p(y = 1 given x) / p(y = 0 given x), from -`LARGEST_LOGIT` to `LARGEST_LOGIT`.
    """

    weights: np.ndarray
    logits: np.ndarray

    @cached_property
    def probability(self) -> np.ndarray:
        """Return p(y given x), shape (inputs, 2)."""
        return np.stack([expit(-self.logits), expit(self.logits)], axis=1)

    @cached_property
    def entropies(self) -> np.ndarray:
        """Return H(Y given x) in nats, shape (inputs,)."""
        surprises = np.logaddexp(0, np.stack([self.logits, -self.logits], axis=1))
        return (self.probability * surprises).sum(axis=1)


@dataclass(frozen=True)
class Clusters:
    """Hold p(t) and p(y = 1 given t), as `Inputs` does for x."""

    weights: np.ndarray
    logits: np.ndarray


@dataclass(frozen=True)
class Solution:
    """Hold what was found for one beta.

    Attributes
    ----------
    clusters : Clusters
    input_nats, label_nats : float
        I(X;T) and I(T;Y).
    gap_nats : float
        The curve is above I(T;Y), at this I(X;T), by at most this.
    rounds : int
    """

    clusters: Clusters
    input_nats: float
    label_nats: float
    gap_nats: float
    rounds: int


def merged(weights: np.ndarray, logits: np.ndarray) -> tuple[Inputs, np.ndarray]:
    """Join inputs with equal p(y given x).

    The bottleneck curve stays the same. Let g(x) number the different p(y given x). For any
    encoder p(t given x), the encoder that draws x' from p(x' given g(x)) first and encodes x' has
    the same p(t) and the same p(y given t), since all x of a group have the same p(y given x): so
    I(T;Y) is the same. Its I(X;T) is not larger, for it is the information of the average over
    each group of encoders, and I(X;T) is convex in the encoder at fixed p(x). So the best encoders
    are found among those that see g(x) alone, and then I(X;T) = I(g(X);T).

    Parameters
    ----------
    weights, logits : array of float64, shape (samples,)

    Returns
    -------
    inputs : Inputs
        Logits that differ by less than 1e-8, as rounding makes them, count as equal.
    groups : array of int64, shape (samples,)
        The input that each sample has become.
    """
    clipped = np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)
    values, groups = np.unique(np.round(clipped, 8), return_inverse=True)
    return Inputs(np.bincount(groups, weights), values), groups


@compiled()
def _negative_log_probabilities(logit):
    """Return -log p(y = 0) and -log p(y = 1)."""
    rest = np.log1p(np.exp(-abs(logit)))
    return (rest + logit, rest) if logit > 0 else (rest, rest - logit)


@compiled()
def blahut_arimoto(weights, probability, entropies, beta, cluster_weights, cluster_logits, steps):
    """Iterate the bottleneck's equations in place, in the log domain.

    p(t given x) is proportional to p(t) exp(-beta KL(p(y given x) || p(y given t))), p(t) and
    p(y given t) are its averages.

    Parameters
    ----------
    weights : array of float64, shape (inputs,)
    probability : array of float64, shape (inputs, 2)
        p(y given x).
    entropies : array of float64, shape (inputs,)
        H(Y given x) in nats.
    beta : float
    cluster_weights, cluster_logits : array of float64, shape (clusters,)
        Replaced by what they are after the steps.
    steps : int

    References
    ----------
    Tishby, Pereira & Bialek (1999), "The information bottleneck method".
    """
    clusters = cluster_weights.size
    logs, surprises = np.empty(clusters), np.empty((clusters, 2))
    shares, sums = np.empty(clusters), np.empty((clusters, 2))
    for _ in range(steps):
        for t in range(clusters):
            logs[t] = np.log(cluster_weights[t])
            surprises[t] = _negative_log_probabilities(cluster_logits[t])
        sums[:] = 0.0
        for x in range(weights.size):
            largest = -np.inf
            for t in range(clusters):
                cross = probability[x, 0] * surprises[t, 0] + probability[x, 1] * surprises[t, 1]
                shares[t] = logs[t] - beta * (cross - entropies[x])
                largest = max(largest, shares[t])
            total = 0.0
            for t in range(clusters):
                shares[t] = np.exp(shares[t] - largest)
                total += shares[t]
            for t in range(clusters):
                mass = weights[x] * shares[t] / total
                sums[t, 0] += mass * probability[x, 0]
                sums[t, 1] += mass * probability[x, 1]
        for t in range(clusters):
            cluster_weights[t] = sums[t, 0] + sums[t, 1]
            if cluster_weights[t] > 0:
                low, high = max(sums[t, 0], 1e-305), max(sums[t, 1], 1e-305)
                cluster_logits[t] = np.log(high) - np.log(low)


def divergences(inputs: Inputs, logits: np.ndarray) -> np.ndarray:
    """Return KL(p(y given x) || p(y given t)) in nats, shape (inputs, clusters)."""
    surprises = np.stack([np.logaddexp(0, logits), np.logaddexp(0, -logits)])
    cross = inputs.probability @ surprises
    return np.maximum(cross - inputs.entropies[:, None], 0)


def angle_of(logits: np.ndarray) -> np.ndarray:
    """Return the angle a, p = sin(a / 2) squared, in which clusters are equally wide everywhere."""
    return 2 * np.arctan(np.exp(np.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT) / 2))


class Annealing:
    """Solve the bottleneck of one p(x, y) for one beta after the other, from where it stands.

    Parameters
    ----------
    inputs : Inputs
    tolerance_nats : float
        A beta has converged if its I(T;Y) is provably within this of the curve, at its I(X;T): if
        the gap is at most beta times as large.
    most_rounds : int
        Rounds after which a beta is given up.

    Notes
    -----
    For a given beta the bottleneck is a rate-distortion problem whose reproductions are all
    possible p(y given t), with KL(p(y given x) || p(y given t)) as distortion (Harremoes & Tishby
    2007): choosing the decoder is part of the same minimisation. In p(t) over that alphabet,

        L(p) = - sum_x p(x) log Z(x),   Z(x) = sum_t p(t) exp(-beta KL(x || t)),

    is convex, and for any p the minimum is at least L(p) - log max_t c(t) with
    c(t) = sum_x p(x) exp(-beta KL(x || t)) / Z(x) (Blahut 1972). Both bounds are
    computed: so a beta that has converged is solved, not only at rest, and annealing cannot get
    stuck in a local minimum. A round is some Blahut-Arimoto steps, a look for the maxima of c over
    all t, and, where it is above 1, those t as new clusters with the weights that a constrained
    Newton step gives them all (Wang 2007): that is how clusters split.

    References
    ----------
    Harremoes & Tishby (2007), ISIT, "The information bottleneck revisited or how to choose a good
    distortion measure". Blahut (1972), IEEE Trans. Inf. Theory 18, "Computation of channel capacity
    and rate-distortion functions". Wang (2007), J. R. Stat. Soc. B 69, "On fast computation of the
    non-parametric maximum likelihood estimate of a mixing distribution".
    """

    def __init__(self, inputs: Inputs, tolerance_nats: float, most_rounds: int):
        self.inputs, self.tolerance_nats, self.most_rounds = inputs, tolerance_nats, most_rounds
        low, high = inputs.weights @ inputs.probability
        self.information_nats = float(
            -high * np.log(high) - low * np.log(low) - inputs.weights @ inputs.entropies
        )
        self.clusters = Clusters(np.ones(1), np.array([np.log(high) - np.log(low)]))

    def solve(self, beta: float) -> Solution:
        """Solve for one beta, starting from the clusters of the last one.

        Parameters
        ----------
        beta : float
            In units of nats of I(X;T) for a nat of I(T;Y); above 0.

        Returns
        -------
        Solution
        """
        gap, rounds = np.inf, 0
        while gap > self.tolerance_nats and rounds < self.most_rounds:
            rounds += 1
            self._step(beta)
            log_largest, candidates = self._certificate(beta)
            gap = log_largest / beta
            if gap > self.tolerance_nats:
                self._reweigh(beta, candidates)
        return self._solution(beta, gap, rounds)

    def _step(self, beta: float) -> None:
        weights, logits = self.clusters.weights.copy(), self.clusters.logits.copy()
        inputs = self.inputs
        given = inputs.weights, inputs.probability, inputs.entropies
        blahut_arimoto(*given, beta, weights, logits, STEPS)
        self.clusters = _tidied(weights, logits)

    def _log_ratios(self, beta: float, logits: np.ndarray) -> np.ndarray:
        """Return log exp(-beta KL(x || t)) / Z(x) for any t, shape (inputs, logits)."""
        exponents = -beta * divergences(self.inputs, logits)
        return exponents - self._log_normaliser(beta)[:, None]

    def _log_normaliser(self, beta: float) -> np.ndarray:
        """Return log Z(x)."""
        own = -beta * divergences(self.inputs, self.clusters.logits)
        return np.logaddexp.reduce(own + np.log(self.clusters.weights), axis=1)

    def _certificate(self, beta: float) -> tuple[float, np.ndarray]:
        """Return log of the largest c, at least 0, and the logits of its maxima above 1."""

        def c(logits):
            exponents = np.minimum(self._log_ratios(beta, logits), LARGEST_EXPONENT)
            return self.inputs.weights @ np.exp(exponents)

        ends = angle_of(self.inputs.logits[[0, -1]])
        # A cluster is 1 / sqrt(beta) wide in the angle; a parabola finds the maximum between.
        points = int(np.clip(30 * np.sqrt(beta) * (ends[1] - ends[0]) / np.pi, 200, 4000))
        angles = np.linspace(*ends, points)
        values = c(logit_of(angles))
        inner = np.flatnonzero((values[1:-1] >= values[:-2]) & (values[1:-1] >= values[2:])) + 1
        left, here, right = values[inner - 1], values[inner], values[inner + 1]
        bend = np.minimum(left - 2 * here + right, -1e-300)
        refined = angles[inner] + (angles[1] - angles[0]) * 0.5 * (left - right) / bend
        refined = np.clip(refined, *ends)
        candidates = np.concatenate([ends, refined, angle_of(self.clusters.logits)])
        found = c(logit_of(candidates))
        return float(np.log(max(found.max(), 1.0))), logit_of(candidates[found > 1])

    def _reweigh(self, beta: float, candidates: np.ndarray) -> None:
        """Give clusters and candidates the weights of a Newton step, as far as L falls."""
        logits = np.concatenate([self.clusters.logits, candidates])
        before = np.concatenate([self.clusters.weights, np.zeros(len(candidates))])
        ratios = np.exp(np.minimum(self._log_ratios(beta, logits), LARGEST_EXPONENT))
        rows = np.sqrt(self.inputs.weights)[:, None] * (ratios - 2)
        target = np.zeros(len(rows) + 1)
        target[-1] = 1.0
        after = scipy.optimize.nnls(np.vstack([rows, np.ones(len(logits))]), target)[0]
        after /= after.sum()
        # L changes by -sum p(x) log(Z after / Z before).
        slope = -float(self.inputs.weights @ (ratios @ (after - before)))
        step = 1.0
        while step > 1e-8:
            weights = before + step * (after - before)
            if -float(self.inputs.weights @ np.log(ratios @ weights)) <= step * slope / 3:
                self.clusters = _tidied(weights, logits)
                return
            step /= 2

    def _solution(self, beta: float, gap: float, rounds: int) -> Solution:
        weights, distances = self.clusters.weights, divergences(self.inputs, self.clusters.logits)
        joint = np.log(weights) - beta * distances
        encoder = np.exp(joint - np.logaddexp.reduce(joint, axis=1)[:, None])
        # Its own p(t) and p(y, t): so no point is above the curve, converged or not.
        together = self.inputs.weights[:, None] * encoder
        marginal, labelled = together.sum(axis=0), together.T @ self.inputs.probability
        input_nats = xlogy(together, encoder).sum() - xlogy(marginal, marginal).sum()
        remaining = xlogy(marginal, marginal).sum() - xlogy(labelled, labelled).sum()
        noise = self.inputs.weights @ self.inputs.entropies
        label_nats = self.information_nats + noise - remaining
        return Solution(self.clusters, float(input_nats), float(label_nats), gap, rounds)


def logit_of(angles: np.ndarray) -> np.ndarray:
    """Return the logits of angles; see `angle_of`."""
    with np.errstate(divide="ignore"):
        return np.clip(2 * np.log(np.tan(angles / 2)), -LARGEST_LOGIT, LARGEST_LOGIT)


def _tidied(weights: np.ndarray, logits: np.ndarray) -> Clusters:
    """Join clusters that are one, drop those of no weight, sort the others."""
    kept = weights > NO_WEIGHT
    weights, logits = weights[kept], logits[kept]
    order = np.argsort(logits)
    weights, logits = weights[order], logits[order]
    groups = np.concatenate([[0], np.cumsum(np.diff(angle_of(logits)) > SAME_ANGLE)])
    total = np.bincount(groups, weights)
    # Their average is taken in the logit, of which clusters that are one differ in little.
    return Clusters(total / total.sum(), np.bincount(groups, weights * logits) / total)
