"""The classifiers that recipes name: built, fitted, and asked for scores.

A classifier is a tuple of fitted scikit-learn estimators: several where they vote, else one. Their classes are numbers
0..num_known-1, which XGBoost insists on.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from rakuten.recipes.estimators import Estimator, LinearSVM, LogisticRegression, PolynomialSVM, RandomForest, Voting
from rakuten.recipes.estimators import XGBoost as XGBoostSettings

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

Members = tuple[Any, ...]

# Megabytes of kernel values that the polynomial SVM remembers; with scikit-learn's 200 it computes most of them twice.
KERNEL_CACHE = 1_000


def has_probabilities(settings: Estimator) -> bool:
    """Whether `scores` are probabilities already."""
    return not isinstance(settings, PolynomialSVM | LinearSVM | Voting)


def unfitted(settings: Estimator, seed: int) -> Members:
    """The classifier that a recipe describes.

    Args:
        settings: Which classifier, with its parameters.
        seed: Of everything it draws.
    """
    from sklearn import ensemble, linear_model, neighbors, svm

    match settings:
        case LogisticRegression(c=c, max_iter=max_iter):
            weight = _weight(settings.class_weight)
            return (linear_model.LogisticRegression(C=c, max_iter=max_iter, class_weight=weight, random_state=seed),)
        case PolynomialSVM(c=c, gamma=gamma, degree=degree):
            weight = _weight(settings.class_weight)
            return (
                svm.SVC(kernel="poly", C=c, gamma=gamma, degree=degree, class_weight=weight, cache_size=KERNEL_CACHE),
            )
        case RandomForest():
            return (
                ensemble.RandomForestClassifier(
                    settings.num_trees,
                    max_features="sqrt",
                    min_samples_split=settings.min_samples_split,
                    class_weight=_weight(settings.class_weight),
                    random_state=seed,
                ),
            )
        case Voting(forest=forest, logistic_regression=regression):
            nearest = neighbors.KNeighborsClassifier(settings.num_neighbors)
            return (nearest, *unfitted(forest, seed), *unfitted(regression, seed))
        case LinearSVM(c=c, tol=tol, max_iter=max_iter):
            weight = _weight(settings.class_weight)
            return (
                svm.LinearSVC(
                    penalty="l2", dual=True, C=c, tol=tol, max_iter=max_iter, class_weight=weight, random_state=seed
                ),
            )
        case XGBoostSettings():
            return (_xgboost(settings, seed),)


def fitted(settings: Estimator, features: "csr_matrix", classes: npt.NDArray[np.int64], seed: int) -> Members:
    """The classifier that a recipe describes, fitted.

    Args:
        settings: Which classifier, with its parameters.
        features: float32 (num_rows, num_words).
        classes: int64 (num_rows,), every number from 0 to the highest at least once, at least two of them.
        seed: Of everything it draws.
    """
    members = unfitted(settings, seed)
    with _threads():
        for member in members:
            if isinstance(settings, Voting) and hasattr(member, "n_neighbors"):
                # As many neighbours as there are rows, where they are fewer than the recipe asks for.
                member.set_params(n_neighbors=min(settings.num_neighbors, len(classes)))
            member.fit(features, classes)
    return members


def scores(settings: Estimator, members: Members, features: "csr_matrix", num_known: int) -> npt.NDArray[np.float64]:
    """How much each class is favoured: probabilities, signed distances, or the share of votes.

    Returns:
        float64 (num_rows, num_known).
    """
    with _threads():
        if isinstance(settings, Voting):
            votes = np.stack([member.predict(features) for member in members])
            return np.stack([(votes == known).mean(axis=0) for known in range(num_known)], axis=1)
        (member,) = members
        if has_probabilities(settings):
            return np.asarray(member.predict_proba(features), np.float64)
        distances = np.asarray(member.decision_function(features), np.float64)
    if distances.ndim == 1:
        # Of two classes scikit-learn gives only the score of the second.
        return np.stack([-distances, distances], axis=1)
    # Of one class against each other one come counts of duels won: around 0 they suit the sigmoid of a calibration.
    return distances - (num_known - 1) / 2 if isinstance(settings, PolynomialSVM) else distances


@contextmanager
def _threads() -> Iterator[None]:
    """As many threads as this process was given, else one a core, where their number does not change the sums."""
    import joblib
    from threadpoolctl import threadpool_limits

    num_threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    with threadpool_limits(1, user_api="blas"), joblib.parallel_config(backend="threading", n_jobs=num_threads):
        yield


def _weight(class_weight: str) -> str | None:
    return None if class_weight == "none" else class_weight


def _xgboost(settings: XGBoostSettings, seed: int) -> Any:
    import xgboost

    return xgboost.XGBClassifier(
        n_estimators=settings.num_rounds,
        max_depth=settings.max_depth,
        learning_rate=settings.learning_rate,
        random_state=seed,
        # Two threads make other sums than one; and where cores are busy elsewhere they wait for each other: 25 s where
        # one thread took 0.3 s.
        n_jobs=1,
    )
