"""Counts of classes, missing values, lengths and languages are those that can be counted by hand."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from rakuten.catalogue.classes import CLASSES, CODES
from rakuten.demo.dump import write_demo_dump
from rakuten.demo.products import label_sequence
from rakuten.exploration.products import length_edges


def write_labelled(folder: Path, codes: list[int]) -> Path:
    """A dump of as many products with these labels, each of two words; every third has a description."""
    folder.mkdir()
    with (folder / "X_train_update.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["", "designation", "description", "productid", "imageid"])
        writer.writerows(
            [row, f"produit {row}", "neuf" if row % 3 == 0 else "", row + 1, row + 1] for row in range(len(codes))
        )
    labels = "".join(f"{row},{code}\n" for row, code in enumerate(codes))
    (folder / "y_train_CVw08PX.csv").write_text(f",prdtypecode\n{labels}", "utf-8")
    return folder


def published() -> list[tuple[int, str, int]]:
    return [(product_class.code, product_class.label, product_class.published_count) for product_class in CLASSES]


def class_table(explored: Any) -> list[tuple[int, str, int]]:
    table = pd.read_parquet(explored.described.file("classes.parquet"))
    return list(zip(table["prdtypecode"], table["label"], table["products"], strict=True))


def test_published_counts_give_the_published_table(explore_in: Any, tmp_path: Path) -> None:
    explored = explore_in(write_labelled(tmp_path / "dump", label_sequence(84_916, seed=0).tolist()))
    assert class_table(explored) == published()
    table = pd.read_parquet(explored.described.file("classes.parquet")).set_index("prdtypecode")
    # The report's own figures: 12.02 % and 49.69 % of the largest.
    assert table.loc[2583, "share"] == pytest.approx(0.1202, abs=5e-5)
    assert table.loc[1560, "of_largest"] == pytest.approx(0.4969, abs=5e-5)
    assert (table["share"] == table["published_share"]).all()
    assert table["without_description"].sum() == 84_916 - len(range(0, 84_916, 3))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_generated_dump_of_the_published_size_gives_the_published_table(explore_in: Any, tmp_path: Path) -> None:
    dump = tmp_path / "dump"
    write_demo_dump(dump, num_products=84_916, num_test_products=0, num_images=0, broken_rows=False)
    assert class_table(explore_in(dump)) == published()


def test_missing_descriptions_by_class_have_an_interval_around_them(generated: Any) -> None:
    table = pd.read_parquet(generated.described.file("classes.parquet"))
    present = table[table["products"] > 0]
    assert (present["missing_low"] <= present["missing_share"]).all()
    assert (present["missing_share"] <= present["missing_high"]).all()
    assert present["products"].sum() == generated.described.facts["labelled"]


def test_missing_values_are_those_of_the_table(generated: Any) -> None:
    raw = pd.read_csv(generated.dump / "X_test_update.csv")
    missing = pd.read_parquet(generated.described.file("missing.parquet")).set_index(["part", "column"])
    assert missing.loc[("test", "description"), "missing"] == raw["description"].isna().sum()
    assert missing.loc[("test", "prdtypecode"), "missing"] == len(raw)
    assert missing.loc[("train", "designation"), "missing"] == 0
    assert missing.loc[("train", "image: missing"), "missing"] == 1
    assert missing.loc[("train", "image: damaged"), "missing"] == 1


def test_histograms_hold_every_text_once(generated: Any) -> None:
    bins = pd.read_parquet(generated.described.file("length_bins.parquet"))
    facts = generated.described.facts
    totals = bins.groupby(["column", "unit"])["products"].sum()
    assert totals["text", "words"] == facts["products"]
    assert totals["description", "characters"] == facts["products"] - facts["without_description"]
    assert (bins["low"] < bins["high"]).all()


@pytest.mark.parametrize("longest", [1, 2, 9, 10, 11, 100, 12_345])
def test_bins_of_lengths_cover_every_length_without_a_gap(longest: int) -> None:
    edges = length_edges(longest)
    assert edges[0] == 1
    assert edges[-1] > longest
    assert (np.diff(edges) >= 1).all()


def test_languages_add_up_in_all_and_by_class(generated: Any) -> None:
    table = pd.read_parquet(generated.described.file("languages.parquet"))
    assert table.groupby("prdtypecode", dropna=False)["share"].sum().tolist() == pytest.approx([1.0] * 28)
    assert table[table["prdtypecode"].isna()].set_index("language")["share"]["fr"] > 0.6


def test_records_that_cannot_be_read_are_counted(explore_in: Any, tmp_path: Path) -> None:
    dump = write_labelled(tmp_path / "dump", [10, 40, 2583])
    with (dump / "X_train_update.csv").open("a", encoding="utf-8") as file:
        file.write("3,produit 3,,1,9\n")
    described = explore_in(dump).described
    rejected = pd.read_parquet(described.file("rejected.parquet"))
    assert rejected.to_dict("records") == [{"part": "train", "reason": "productid_repeated", "records": 1}]
    assert described.facts["products"] == 3
    assert set(pd.read_parquet(described.file("classes.parquet"))["prdtypecode"]) == set(CODES)
