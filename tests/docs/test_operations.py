"""The handbook names every setting, deployment and command there is, and no other."""

import re
from pathlib import Path

import yaml

from flows.cli.main import main
from rakuten.settings import Settings

PROJECT = Path(__file__).parents[2]
HANDBOOK = (PROJECT / "docs" / "operations.md").read_text("utf-8")


def test_every_setting_is_documented_with_its_default_and_none_that_is_not_there() -> None:
    table = HANDBOOK[HANDBOOK.index("## Settings") :]
    rows = dict(re.findall(r"^\| `(RAKUTEN_\w+)` \|.*\| (.+?) \|$", table, re.MULTILINE))
    assert rows.keys() == {f"RAKUTEN_{name.upper()}" for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int | float) and not isinstance(field.default, bool):
            assert rows[f"RAKUTEN_{name.upper()}"] == f"{field.default:g}"


def test_every_variable_named_anywhere_in_the_handbook_is_a_setting() -> None:
    named = set(re.findall(r"RAKUTEN_[A-Z_]+[A-Z]", HANDBOOK))
    assert named <= {f"RAKUTEN_{name.upper()}" for name in Settings.model_fields}


def test_every_deployment_is_documented() -> None:
    content = yaml.safe_load((PROJECT / "deployments" / "prefect.yaml").read_text("utf-8"))
    for deployment in content["deployments"]:
        assert f"`{deployment['name']}`" in HANDBOOK


def test_every_command_that_the_handbook_types_exists() -> None:
    typed = set(re.findall(r"`?rakuten ([a-z][a-z-]+)", HANDBOOK))
    assert typed <= set(main.commands)
