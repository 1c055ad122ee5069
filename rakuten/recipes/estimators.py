"""The report's scikit-learn classifiers (section 4.1.1), each with the parameters that it set; told apart by `kind`.

Kinds are spelt as the report's figures are filed, so that a recipe finds its row.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from rakuten.recipes.strict import Strict

ClassWeight = Literal["balanced", "none"]


class LogisticRegression(Strict):
    """Multinomial logistic regression.

    Attributes:
        c: Inverse regularisation strength.
        max_iter: Steps of the solver, at most.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    kind: Literal["logistic_regression"]
    c: PositiveFloat = 1.0
    max_iter: PositiveInt
    class_weight: ClassWeight


class PolynomialSVM(Strict):
    """A support vector machine with the kernel `(gamma * <x, y>) ** degree`; its time grows with the rows' square.

    Attributes:
        c: Inverse regularisation strength.
        gamma: Factor within the kernel.
        degree: Power of the kernel.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    kind: Literal["svm"]
    c: PositiveFloat = 1.0
    gamma: PositiveFloat
    degree: PositiveInt = 3
    class_weight: ClassWeight


class RandomForest(Strict):
    """A random forest that tries the square root of all terms at each node.

    Attributes:
        num_trees: Trees.
        min_samples_split: Rows a node must have to be split.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    kind: Literal["random_forest"]
    num_trees: PositiveInt = 100
    min_samples_split: int = Field(ge=2)
    class_weight: ClassWeight


class Voting(Strict):
    """One vote each of nearest neighbours, a forest and a logistic regression; its time grows with the rows' square.

    Attributes:
        num_neighbors: Train rows that are asked for the class of a row.
        forest, logistic_regression: The other two members.
    """

    kind: Literal["voting"]
    num_neighbors: PositiveInt
    forest: RandomForest
    logistic_regression: LogisticRegression


class XGBoost(Strict):
    """Gradient-boosted trees.

    Attributes:
        num_rounds: Trees a class.
        max_depth: Of a tree.
        learning_rate: Factor on each tree's answer.
    """

    kind: Literal["xgboost"]
    num_rounds: PositiveInt
    max_depth: PositiveInt
    learning_rate: PositiveFloat


class LinearSVM(Strict):
    """A linear support vector machine, one class against the rest, solved in its dual form.

    Attributes:
        c: Inverse regularisation strength.
        tol: Where the solver stops.
        max_iter: Steps of the solver, at most.
        class_weight: "balanced" weighs a row by the inverse share of its class.
    """

    kind: Literal["linear_svc"]
    c: PositiveFloat
    tol: PositiveFloat
    max_iter: PositiveInt
    class_weight: ClassWeight


Estimator = Annotated[
    LogisticRegression | PolynomialSVM | RandomForest | Voting | XGBoost | LinearSVM, Field(discriminator="kind")
]
