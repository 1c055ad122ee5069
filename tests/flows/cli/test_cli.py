"""The command line: instant help, one-line errors with exit code 2, no traceback, no server started for nothing.

Commands run in this process, but for what a process of its own shows: imports, exit codes, streams, its folder.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import RAKUTEN, Rakuten, rakuten_process
from real_server import PROJECT

from flows.cli.main import main
from rakuten.recipes.loading import RECIPES


def test_help_names_every_command_and_loads_nothing_heavy() -> None:
    script = (
        "import sys; from flows.cli.main import main; main(['--help'], standalone_mode=False);"
        "print('loaded:', *[m for m in ('prefect', 'pandas', 'pydantic', 'keras') if m in sys.modules])"
    )
    said = subprocess.check_output([sys.executable, "-c", script], text=True, cwd=PROJECT)
    for command in main.commands:
        assert command in said
    assert said.splitlines()[-1] == "loaded:"


@pytest.mark.parametrize("command", main.commands)
def test_each_command_has_help(command: str, rakuten: Rakuten) -> None:
    done = rakuten(command, "--help")
    assert done.exit_code == 0
    assert done.stdout.startswith(f"Usage: main {command}")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--help"], 0, ""),
        (["runs"], 0, ""),
        (["retrain", "--dump", "absent"], 2, "rakuten: dump absent does not exist"),
        (["worker"], 2, "rakuten: PREFECT_API_URL does not name a server to work for"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_process_ends_with_its_code_and_a_line(arguments: list[str], code: int, words: str, tmp_path: Path) -> None:
    done = rakuten_process(*arguments, outputs=tmp_path / "outputs")
    assert done.returncode == code
    assert done.stderr.count("\n") == (1 if words else 0)
    assert done.stderr.startswith(words)
    assert not (tmp_path / "outputs" / "prefect").exists(), "a server was started for nothing"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["retrain", "--dump", "absent"], "dump absent does not exist"),
        (["retrain", "--dump", "{empty}"], "holds none of X_train_update.csv"),
        (["retrain", "--dump", "{dump}", "--plan", "nonsense"], "no plan 'nonsense'; the plans here are"),
        (["retrain", "--dump", "{dump}", "--plan", "transfer"], "mobilenet_v2_weights"),
        (["retrain", "--dump", "{unlabelled}"], "no labels to learn from"),
        (["retrain", "--dump", "{dump}", "--plan", "{unlabelled}/odd.toml"], "odd_network"),
        (["find-lr", "--dump", "{dump}", "--recipe", "text_ngrams"], "is no Keras network, it has no learning rate"),
        (["find-lr", "--dump", "{dump}", "--recipe", "text_dnn", "--steps", "3"], "expected at least 100 steps"),
        (["find-lr", "--dump", "{unlabelled}", "--recipe", "text_dnn"], "no labels to learn from"),
        (["study-images", "--dump", "{unlabelled}"], "no labels to learn from"),
        (
            ["study-images", "--dump", "{dump}", "--backbones", "AlexNet"],
            "has no backbone 'alexnet'; it has Mobile",
        ),
        (["study-images", "--dump", "{dump}", "--backbones", "Xception, VGG16"], "xception_weights"),
        (["study-images", "--dump", "{dump}", "--image-limit", "0"], "0 is not in the range"),
        (["validate", "--dump", "absent"], "dump absent does not exist"),
        (["explore", "--dump", "absent"], "dump absent does not exist"),
        (["explore", "--dump", "{dump}", "--against", "absent"], "dump absent does not exist"),
        (["plan", "--dump", "absent"], "dump absent does not exist"),
        (["predict", "--dump", "{dump}", "--output", "x.csv"], "no test part"),
        (["predict", "--dump", "{dump}", "--part", "train", "--output", "x.csv"], "no completed run"),
        (["show", "2020"], "no run '2020'"),
        (["nightly", "--catalogue", "absent"], "absent does not exist"),
        (["nightly", "--catalogue", "{empty}"], "no complete dump in"),
        (["backfill", "--catalogue", "{empty}"], "no complete dump from the oldest to the newest"),
        (["backfill", "--catalogue", "{empty}", "--from", "a"], "no dump 'a'"),
        (["backfill", "--only", "nothing"], "'nothing' is not one of"),
        (["backfill", "--at-once", "0"], "0 is not in the range"),
        (["gc", "--keep", "much"], "'much' is no size"),
        (["gc", "--keep", "1GB", "--protect", "2020"], "no run '2020'"),
        (["serve", "--file", "absent"], "'absent' does not exist"),
        (["worker"], "PREFECT_API_URL does not name a server"),
        (["retrain"], "Missing option '--dump'"),
        (["retrain", "--dump", "{dump}", "--dump", "{dump}"], "a dump is named twice"),
        (["predict", "--dump", "{dump}", "--part", "train", "--model", "./x", "--output", "x.csv"], "no model package"),
        (["retrain", "--dump", "{dump}", "--modality", "sound"], "'sound' is not one of"),
        (["demo-dump", "{dump}"], "rakuten: "),
        (["demo-dump", "{dump}/X_train_update.csv"], "is a file, expected a folder"),
        (["validate", "--dump", "{dump}/X_train_update.csv"], "is a file, expected a folder"),
        (["validate", "--dump", ""], "a path is blank"),
        (
            ["validate", "--dump", "{header_only}"],
            "holds no products: X_train_update.csv and X_test_update.csv have no",
        ),
        (["retrain", "--dump", "{dump}", "--plan", "defalt"], "no plan 'defalt'; did you mean 'default'?"),
        (["retrain", "--dump", "{dump}", "--plan", "{empty}/absent.toml"], "does not exist"),
        (["find-lr", "--dump", "{dump}", "--recipe", "text_dn"], "no recipe 'text_dn'; did you mean 'text_dnn'?"),
        (["study-images", "--dump", "{dump}", "--plan", "image_stud"], "did you mean 'image_study'?"),
        (["predict", "--dump", "{dump}", "--part", "train", "--output", "no/x.csv"], "no does not exist"),
        (["predict", "--dump", "{dump}", "--part", "train", "--output", "{empty}"], "is a folder, expected a file"),
        (["predict", "--dump", "{header_only}", "--output", "x.csv"], "holds no products"),
        (["show", "champoin"], "no run 'champoin' in"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_clear_line_and_exit_code_2(
    arguments: list[str], message: str, rakuten: Rakuten, one_product_dump: Path, tmp_path: Path
) -> None:
    dump = one_product_dump
    folders = {name: tmp_path / name for name in ("empty", "unlabelled", "header_only")}
    for folder in folders.values():
        folder.mkdir()
    unlabelled = folders["unlabelled"]
    shutil.copy(dump / "X_train_update.csv", unlabelled)
    for table in ("X_train_update.csv", "X_test_update.csv"):
        (folders["header_only"] / table).write_text(",designation,description,productid,imageid\n", "utf-8")
    own = (RECIPES / "text_dnn.toml").read_text("utf-8").replace('"text_dnn"', '"odd_network"')
    (unlabelled / "odd_network.toml").write_text(own, "utf-8")
    (unlabelled / "odd.toml").write_text('recipes = ["./odd_network.toml"]', "utf-8")
    filled = [argument.format(dump=dump, **folders) for argument in arguments]

    done = rakuten(*filled)
    assert done.exit_code == 2, done.output
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "outputs" / "prefect").exists(), "a server was started for nothing"


def test_an_empty_outputs_folder_has_no_runs(rakuten: Rakuten) -> None:
    done = rakuten("runs")
    assert done.exit_code == 0
    assert "no runs in" in done.stdout


@pytest.mark.parametrize("place", ["file", "loop", "file/below", "/proc/absent"])
def test_an_outputs_folder_that_cannot_be_one_is_one_clear_line(place: str, rakuten: Rakuten, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    done = rakuten("runs", outputs=tmp_path / place)
    assert done.exit_code == 2
    assert done.stderr.startswith("rakuten: RAKUTEN_OUTPUTS: ")
    assert done.stderr.count("\n") == 1


def test_a_setting_that_is_wrong_is_one_line(rakuten: Rakuten) -> None:
    wrong = rakuten("runs", RAKUTEN_CPU_SLOTS="0")
    assert wrong.exit_code == 2
    expected = "RAKUTEN_CPU_SLOTS is '0', expected a whole number from 1, e.g. RAKUTEN_CPU_SLOTS=2"
    assert wrong.stderr == f"rakuten: {expected}\n"


def test_an_unknown_setting_is_named(rakuten: Rakuten) -> None:
    unknown = rakuten("runs", RAKUTEN_CPU_SLOT="3")
    assert unknown.exit_code == 0
    assert "RAKUTEN_CPU_SLOT is no setting and has no effect; did you mean 'RAKUTEN_CPU_SLOTS'?" in unknown.stderr


def test_a_deleted_current_folder_is_one_clear_line(tmp_path: Path) -> None:
    script = f"mkdir gone && cd gone && rmdir ../gone && {RAKUTEN} runs"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False, env={})
    assert done.returncode == 2
    assert "the current folder does not exist any more" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr


def test_terminals_without_utf_8_get_the_closest_letters(tmp_path: Path) -> None:
    done = rakuten_process(
        "validate", "--dump", "été–œuvre", outputs=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="1"
    )
    assert done.returncode == 2
    assert done.stderr == "rakuten: dump ete-oeuvre does not exist\n"


def test_a_reader_that_stops_early_is_no_error(tmp_path: Path) -> None:
    script = f"{RAKUTEN} runs | true"
    environment = {"RAKUTEN_OUTPUTS": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0
    assert done.stderr == ""
