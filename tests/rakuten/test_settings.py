"""Settings: every setting takes its sensible spellings, and refuses a silly value in one line with an example."""

from pathlib import Path

import pytest

from rakuten.errors import SettingError
from rakuten.settings import Settings, unknown_settings


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"RAKUTEN_{name.upper()}", raising=False)


@pytest.mark.parametrize(
    ("spelling", "devices"),
    [("0", (0,)), ("0,1", (0, 1)), ("[0,1]", (0, 1)), (" [ 1 , 0 ] ", (1, 0)), ("[]", ()), ("", ()), (" ", ())],
)
def test_gpus_take_each_usual_spelling(monkeypatch: pytest.MonkeyPatch, spelling: str, devices: tuple[int]) -> None:
    monkeypatch.setenv("RAKUTEN_GPUS", spelling)
    assert Settings().gpus == devices


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("GPUS", value) for value in ("-1", "0,0", "0;1", "a", "[0", "0,", "1.5", "all")),
        *(("CPU_SLOTS", value) for value in ("0", "-1", "abc", "1.5", " ", "[1]")),
        *(("CORES", value) for value in ("0", "-2", "all")),
        *(("UI_PORT", value) for value in ("abc", "0", "-1", "65536", "80.5")),
        *(("SETTLE_SECONDS", value) for value in ("-1", "nan", "inf", "5m")),
        *(("WORKER_RUNS", value) for value in ("0", "x")),
        *(("NIGHTLY_DEADLINE_MINUTES", value) for value in ("0", "-5", "nan", "8h")),
        *(("WEBHOOK", value) for value in ("abc", " ", "ftp://x", "https://")),
        *(("ENGINE", value) for value in ("spark", "Dask!", " ")),
        *(
            (name, " ")
            for name in ("OUTPUTS", "WEIGHTS", "CATALOGUE", "GATE", "ENGINE_ADDRESS", "ENGINE_SLOT", "MLFLOW")
        ),
    ],
)
def test_a_silly_value_is_one_line_with_variable_value_and_example(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"RAKUTEN_{name}", value)
    with pytest.raises(SettingError) as caught:
        Settings()
    message = str(caught.value)
    assert message.startswith(f"RAKUTEN_{name} is {value!r}, expected ")
    assert f"e.g. RAKUTEN_{name}=" in message
    assert "\n" not in message


@pytest.mark.parametrize("name", list(Settings.model_fields))
def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    default = getattr(Settings(), name)
    monkeypatch.setenv(f"RAKUTEN_{name.upper()}", "")
    assert getattr(Settings(), name) == default


def test_home_is_resolved_and_an_unknown_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("RAKUTEN_OUTPUTS", "~/outputs")
    assert Settings().outputs_folder == Path("/somewhere/outputs")
    monkeypatch.setenv("RAKUTEN_OUTPUTS", "~nobody_of_this_name/outputs")
    with pytest.raises(
        SettingError, match="RAKUTEN_OUTPUTS: ~nobody_of_this_name/outputs: there is no such home folder"
    ):
        _ = Settings().outputs_folder


def test_a_deleted_current_folder_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(SettingError, match="the current folder does not exist any more"):
        _ = Settings().outputs_folder


def test_an_unknown_variable_is_told_of_with_the_nearest_name() -> None:
    environment = {"RAKUTEN_CPU_SLOT": "3", "RAKUTEN_XYZZY": "1", "RAKUTEN_OUTPUTS": "x", "PREFECT_API_URL": "y"}
    assert unknown_settings(environment) == [
        "RAKUTEN_CPU_SLOT is no setting and has no effect; did you mean 'RAKUTEN_CPU_SLOTS'?",
        "RAKUTEN_XYZZY is no setting and has no effect",
    ]
