"""The way back from an output to what it came from."""

import shutil
from typing import Any

import pytest

from rakuten.outputs import StageOutput
from rakuten.reporting.provenance import environment, total_seconds, trace

DIGITS = "0123456789abcdef0123"


@pytest.fixture
def chain(hand_made: Any) -> list[StageOutput]:
    """snapshot → clean → two models, of which the second also took the first's."""
    snapshot = hand_made.output(f"snapshot-v1-{DIGITS}", {}, {"listing": {"key": "dump-12"}})
    clean = hand_made.output(f"clean-v1-{DIGITS}", {"a.txt": "12345"}, {"accepted": snapshot})
    recipe = {"model": "TextNetworkRecipe", "content": {"name": "dnn"}}
    first = hand_made.output(f"train-v1-{DIGITS}", {}, {"clean": clean, "recipe": recipe})
    fused = hand_made.output(
        f"fuse-v1-{DIGITS}", {}, {"members": [{"key": first.key}], "clean": clean, "method": "max"}
    )
    return [snapshot, clean, first, fused]


def test_every_output_on_the_way_is_listed_once_and_upstream_first(chain: list[StageOutput]) -> None:
    steps = trace([chain[-1], chain[1]])
    assert [step.key for step in steps] == [output.key for output in chain]
    assert [step.label for step in steps] == ["", "", "dnn", "max"]
    assert steps[1].size == 5
    assert total_seconds(steps) == 4 * 12.5


def test_versions_of_all_outputs_are_gathered(chain: list[StageOutput]) -> None:
    assert environment(trace(chain)) == {"numpy": ["2.0.0"], "Python": ["3.11.9"]}


def test_an_output_that_was_pruned_is_named_all_the_same(chain: list[StageOutput]) -> None:
    shutil.rmtree(chain[1].folder)
    steps = {step.key: step for step in trace([chain[-1]])}
    assert steps[chain[1].key].manifest is None
    assert steps[chain[1].key].size is None
    assert chain[0].key not in steps
