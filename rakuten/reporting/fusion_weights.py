"""What each model weighs in each fusion, as tables: one a set of modalities that a product can have."""

from collections.abc import Sequence
from dataclasses import dataclass

from rakuten.fusion.combining import Average
from rakuten.fusion.fuser import Case, Fuser
from rakuten.fusion.stages import FUSION, METHOD_NAMES
from rakuten.outputs import StageOutput


@dataclass(frozen=True)
class MemberRow:
    """One model in all fusions of a case.

    Attributes:
        name: The recipe's.
        validation_f1_weighted: On validation products.
        temperature: It was brought to before fusing; 1: as it is.
        weights: One a fusion that averages; they sum to 1 over the members.
    """

    name: str
    validation_f1_weighted: float
    temperature: float
    weights: tuple[float, ...]


@dataclass(frozen=True)
class WeightTable:
    """Weights of the fusions that average, for products of which exactly these modalities are known.

    Attributes:
        modalities: Their names.
        products: Validation products that were fitted to.
        fusions: Names of the fusions, one a column.
        members: The models that see such products.
    """

    modalities: tuple[str, ...]
    products: int
    fusions: tuple[str, ...]
    members: tuple[MemberRow, ...]


def weights_by_case(fusions: Sequence[StageOutput]) -> list[WeightTable]:
    """Tables in the order of cases, those of most modalities first; none where no fusion averages.

    Args:
        fusions: Outputs of `fuse`, of the same members.
    """
    stored = [fusion.read_json(FUSION) for fusion in fusions]
    averaging = [fuser for fuser in map(Fuser.from_json, stored) if isinstance(fuser.cases[0].combiner, Average)]
    if not averaging:
        return []
    return [
        _table(stored[0]["members"], averaging, [fuser.cases[place] for fuser in averaging])
        for place in range(len(averaging[0].cases))
    ]


def _table(described: list[dict[str, str | float]], fusers: Sequence[Fuser], cases: Sequence[Case]) -> WeightTable:
    weights = [case.combiner.weights for case in cases if isinstance(case.combiner, Average)]
    members = tuple(
        MemberRow(
            name=str(described[member]["name"]),
            validation_f1_weighted=float(described[member]["validation_f1_weighted"]),
            temperature=fusers[0].temperatures[member],
            weights=tuple(column[place] for column in weights),
        )
        for place, member in enumerate(cases[0].members)
    )
    return WeightTable(
        modalities=cases[0].modalities,
        products=cases[0].rows,
        fusions=tuple(METHOD_NAMES[fuser.method] for fuser in fusers),
        members=members,
    )
