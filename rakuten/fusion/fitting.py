"""Finding how to combine members from rows they were not fitted to: one function a method, all of one shape.

Every function takes values, float64 (num_members, num_rows, 27), what all members say of validation rows, and targets,
int64 (num_rows,), the columns of the true classes; there is at least one row.
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
# Rounds without a better score after which no better one is expected.
GREEDY_PATIENCE = 10
# How strongly a stack is pulled towards the geometric mean of its members.
STACK_PENALTIES = (300.0, 100.0, 30.0, 10.0, 3.0)
STACK_STEPS = 100
# Members that weigh less in a mixture have nothing to say that others do not.
STACK_SHARE = 0.01
# The strength of that pull is chosen on one of so many shares of the rows.
STACK_SHARES = 5
STACK_SEED = 1234


def fit_single(values: Floats, targets: Targets) -> Average:
    """The one member of the highest weighted F1."""
    scores = [weighted_f1(member, targets) for member in values]
    return Average.weighing(np.arange(len(values)) == int(np.argmax(scores)))


def fit_average(values: Floats, targets: Targets) -> Average:
    """All members alike; nothing is fitted."""
    return Average.weighing(np.ones(len(values)))


def fit_weighted(values: Floats, targets: Targets) -> Average:
    """Each member weighs its weighted F1, as in the report (which took it from its test rows)."""
    return Average.weighing([weighted_f1(member, targets) for member in values])


def fit_max(values: Floats, targets: Targets) -> Maximum:
    """Nothing is fitted."""
    return Maximum()


def fit_mixture(values: Floats, targets: Targets) -> Average:
    """The weights of the smallest cross-entropy, by expectation maximisation.

    The problem is convex, so where it stops does not depend on where it starts.

    Reference:
        Dempster, A. et al. (1977). Maximum likelihood from incomplete data via the EM algorithm. JRSS B 39(1).
    """
    of_truth = np.maximum(values[:, np.arange(len(targets)), targets], FLOOR)
    weights = np.full(len(values), 1 / len(values))
    for _ in range(MIXTURE_STEPS):
        shares = weights[:, np.newaxis] * of_truth
        weights = (shares / shares.sum(axis=0)).mean(axis=1)
    return Average.weighing(weights)


def fit_greedy(values: Floats, targets: Targets) -> Average:
    """Add members one by one, with replacement, each time the one that lifts weighted F1 most; weights are counts.

    Equal scores are told apart by cross-entropy.

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
    """A multinomial logistic regression, pulled towards the geometric mean of the members by their fitted weights.

    Members of next to no fitted weight are left out. How strong the pull is is chosen on a fifth of the rows, by
    cross-entropy, from the strongest one downwards as long as less of it helps. With few rows the stack is all but that
    mean, so that it cannot lose much; a class without rows keeps the chance that the members give it.

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
    """Answers to rows, each by a combiner that was fitted to the other folds, float64 (num_rows, 27).

    Rows that are all in one fold have no others: they are answered by what was fitted to themselves.
    """

    def answer(others: npt.NDArray[np.bool_], rows: npt.NDArray[np.bool_]) -> Floats:
        fitted_to = others if others.any() else rows
        return fit(values[:, fitted_to], targets[fitted_to])(values[:, rows])

    return cross_fitted_by_fold(folds, answer)


def weighted_f1(values: Floats, targets: Targets) -> float:
    """Weighted F1 of the most probable classes."""
    codes = np.asarray(CODES, np.int64)
    return float(f1_weighted(count_confusions(codes[targets], codes[values.argmax(axis=1)])))


def cross_entropy(values: Floats, targets: Targets) -> float:
    """Mean cross-entropy, nats; no probability counts as less than `FLOOR`."""
    return float(-np.log(np.maximum(values[np.arange(len(targets)), targets], FLOOR)).mean())


def _held_out_share(num_rows: int) -> npt.NDArray[np.bool_]:
    """A share of the rows, bool (num_rows,), drawn at random but always the same."""
    drawn = np.random.default_rng(STACK_SEED).permutation(num_rows)
    return np.asarray(drawn % min(STACK_SHARES, num_rows) == 0)


def _weighted_mean(weights: Floats) -> Stack:
    """The stack that is the members' geometric mean by these weights, as a column a class."""
    blocks = np.asarray(np.kron(weights[:, np.newaxis], np.eye(NUM_CLASSES)), np.float64)
    return Stack(tuple(range(len(weights))), blocks, np.zeros(NUM_CLASSES))


def _fit_stack(members: Floats, targets: Targets, penalty: float, prior: Stack, start: Stack) -> Stack:
    """The stack of one penalty on the squared distance to `prior`, looked for from `start` on."""
    from scipy.optimize import minimize

    features = stack_features(members)
    inputs = np.hstack([features, np.ones((len(targets), 1))])
    truth = np.eye(NUM_CLASSES)[targets]
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
