"""Fitting of fusion methods on validation products: voting, mixture weights (EM), greedy selection, stacking.

All functions have the same arguments: values, float64 (num_members, num_samples, num_classes), the members'
probabilities of validation products; and targets, int64 (num_samples,), the true class indices. There is at least one
product.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.evaluation.scores import count_confusions, f1_weighted
from rakuten.fusion.combining import Average, Combiner, Floats, Maximum, Stack, stack_features
from rakuten.recipes.plan import FusionMethod
from rakuten.statistics.cross_fitting import Folds
from rakuten.statistics.cross_fitting import cross_fitted as cross_fitted_by_fold
from rakuten.statistics.temperature_scaling import FLOOR

Targets = npt.NDArray[np.int64]
Fit = Callable[[Floats, Targets], Combiner]

MIXTURE_STEPS = 500
GREEDY_ROUNDS = 40
# Early stopping: rounds without improvement.
GREEDY_PATIENCE = 10
# Regularisation strengths of stacking, towards the weighted geometric mean of the members; strongest first.
STACK_PENALTIES = (300.0, 100.0, 30.0, 10.0, 3.0)
STACK_STEPS = 100
# Minimum mixture weight of a member in stacking; those below contribute nothing beyond the others.
STACK_SHARE = 0.01
# The regularisation strength is selected on one of this many parts of the rows (hold-out).
STACK_SHARES = 5
STACK_SEED = 1234


def fit_single(values: Floats, targets: Targets) -> Average:
    """Select the single member with the highest weighted F1."""
    scores = [weighted_f1(member, targets) for member in values]
    return Average.weighing(np.arange(len(values)) == int(np.argmax(scores)))


def fit_average(values: Floats, targets: Targets) -> Average:
    """Unweighted average (soft voting); nothing is fitted."""
    return Average.weighing(np.ones(len(values)))


def fit_weighted(values: Floats, targets: Targets) -> Average:
    """Average weighted by each member's weighted F1, as in the reference study (which used the F1 on test rows)."""
    return Average.weighing([weighted_f1(member, targets) for member in values])


def fit_max(values: Floats, targets: Targets) -> Maximum:
    """Max vote; nothing is fitted."""
    return Maximum()


def fit_mixture(values: Floats, targets: Targets) -> Average:
    """Mixture weights that minimise the cross-entropy, by expectation maximisation (EM).

    The problem is convex, so the result does not depend on the initial weights.

    Reference:
        Dempster, A. et al. (1977). Maximum likelihood from incomplete data via the EM algorithm. JRSS B 39(1).
    """
    # Probability of the true class, (num_members, num_samples).
    of_truth = np.maximum(values[:, np.arange(len(targets)), targets], FLOOR)
    weights = np.full(len(values), 1 / len(values))
    for _ in range(MIXTURE_STEPS):
        # E-step: responsibilities; M-step: their mean over products.
        shares = weights[:, np.newaxis] * of_truth
        weights = (shares / shares.sum(axis=0)).mean(axis=1)
    return Average.weighing(weights)


def fit_greedy(values: Floats, targets: Targets) -> Average:
    """Greedy forward ensemble selection with replacement by weighted F1; weights are selection counts.

    Ties are broken by cross-entropy.

    Reference:
        Caruana, R. et al. (2004). Ensemble selection from libraries of models. ICML.
    """
    counts, summed = np.zeros(len(values)), np.zeros(values.shape[1:])
    best_counts, best_score, waited = counts, (-1.0, -np.inf), 0
    for taken in range(1, GREEDY_ROUNDS + 1):
        scores = []
        for member in values:
            mean = (summed + member) / taken
            scores.append((weighted_f1(mean, targets), -cross_entropy(mean, targets)))
        added = max(range(len(values)), key=scores.__getitem__)
        counts, summed = counts + (np.arange(len(values)) == added), summed + values[added]
        waited += 1
        if scores[added] > best_score:
            best_counts, best_score, waited = counts, scores[added], 0
        if waited == GREEDY_PATIENCE:
            break
    return Average.weighing(best_counts)


def fit_stack(values: Floats, targets: Targets) -> Stack:
    """Stacking by multinomial logistic regression, regularised towards the members' weighted geometric mean.

    Members with a mixture weight below `STACK_SHARE` are dropped. The L2 penalty is selected by cross-entropy on a
    hold-out of a fifth of the rows, from the strongest downwards while the loss improves. With few rows the result
    stays close to the geometric mean; a class without rows keeps the members' probability.

    Reference:
        Wolpert, D. (1992). Stacked generalization. Neural Networks 5(2).
    """
    weights = np.asarray(fit_mixture(values, targets).weights)
    kept = np.flatnonzero(weights >= STACK_SHARE)
    members, prior = values[kept], _weighted_mean(weights[kept] / weights[kept].sum())
    held_out = _held_out_share(len(targets))
    chosen, smallest, stack = STACK_PENALTIES[0], np.inf, prior
    for penalty in STACK_PENALTIES if not held_out.all() else ():
        stack = _fit_stack(members[:, ~held_out], targets[~held_out], penalty, prior, stack)
        loss = cross_entropy(stack(members[:, held_out]), targets[held_out])
        if loss >= smallest:
            break
        chosen, smallest = penalty, loss
    fitted = _fit_stack(members, targets, chosen, prior, stack)
    return replace(fitted, members=tuple(kept.tolist()))


FITS: dict[FusionMethod, Fit] = {
    "single": fit_single,
    "average": fit_average,
    "weighted": fit_weighted,
    "max": fit_max,
    "fitted": fit_mixture,
    "greedy": fit_greedy,
    "stacked": fit_stack,
}


def cross_fitted(fit: Fit, values: Floats, targets: Targets, folds: Folds) -> Floats:
    """Out-of-fold fused probabilities by cross-fitting, float64 (num_samples, num_classes).

    If all rows are in one fold, the combiner is fitted to and applied to the same rows.
    """

    def answer(others: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> Floats:
        fitted_to = others if others.any() else rows
        return fit(values[:, fitted_to], targets[fitted_to])(values[:, rows])

    return cross_fitted_by_fold(folds, answer)


def weighted_f1(values: Floats, targets: Targets) -> float:
    """Weighted F1 of the predicted (most probable) classes."""
    codes = np.asarray(CODES, np.int64)
    return float(f1_weighted(count_confusions(codes[targets], codes[values.argmax(axis=1)])))


def cross_entropy(values: Floats, targets: Targets) -> float:
    """Mean cross-entropy in nats; probabilities are clipped to at least `FLOOR`."""
    return float(-np.log(np.maximum(values[np.arange(len(targets)), targets], FLOOR)).mean())


def _held_out_share(num_rows: int) -> npt.NDArray[np.bool_]:
    """Hold-out mask, bool (num_rows,), random with a fixed seed."""
    drawn = np.random.default_rng(STACK_SEED).permutation(num_rows)
    return np.asarray(drawn % min(STACK_SHARES, num_rows) == 0)


def _weighted_mean(weights: Floats) -> Stack:
    """Stack equal to the members' weighted geometric mean."""
    blocks = np.asarray(np.kron(weights[:, np.newaxis], np.eye(NUM_CLASSES)), np.float64)
    return Stack(tuple(range(len(weights))), blocks, np.zeros(NUM_CLASSES))


def _fit_stack(members: Floats, targets: Targets, penalty: float, prior: Stack, start: Stack) -> Stack:
    """Fit a stack with an L2 penalty on the distance to `prior` by L-BFGS, warm-started at `start`."""
    from scipy.optimize import minimize

    features = stack_features(members)
    inputs = np.hstack([features, np.ones((len(targets), 1))])  # (num_samples, num_features + 1), last: intercept
    truth = np.eye(NUM_CLASSES)[targets]  # (num_samples, num_classes)
    middle = np.vstack([prior.coefficients, prior.intercepts])

    def loss(flat: Floats) -> tuple[float, Floats]:
        parameters = flat.reshape(middle.shape)
        logits = inputs @ parameters
        logs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
        pull = parameters - middle
        gradient = inputs.T @ (np.exp(logs) - truth) + penalty * pull
        return float(-(truth * logs).sum() + penalty / 2 * (pull**2).sum()), gradient.ravel()

    begin = np.vstack([start.coefficients, start.intercepts]).ravel()
    options = {"maxiter": STACK_STEPS}
    found = minimize(loss, begin, jac=True, method="L-BFGS-B", options=options).x.reshape(middle.shape)
    return replace(prior, coefficients=found[:-1], intercepts=found[-1])
