"""Plots of an evaluation as reproducible PNG files: confusion matrix, learning curves, LR range test, reliability.

pyplot is not used: it keeps references to all figures in a global list.
"""

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from rakuten.catalogue.classes import CODES, NUM_CLASSES
from rakuten.evaluation.reliability import BINS, Calibration
from rakuten.evaluation.scores import Counts

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GRID = "#1c2733", "#d5dbe1"
TRAIN, VALIDATION, SCORE = "#7a8794", "#1f6f8b", "#b4530a"
DPI = 110
# Lowest share that is annotated in its cell; smaller ones would be visual noise.
WRITTEN_FROM = 0.02
# Upper limit of the loss axis of an LR range test, in units of the first loss.
ABOVE_FIRST = 1.6

# Stages run in threads, and Matplotlib's font caches are not thread-safe.
_drawing = threading.Lock()


def draw_confusion(counts: Counts, title: str, path: Path) -> None:
    """Plot a confusion matrix, normalised by true class (rows), in percent.

    Args:
        counts: int64 (num_classes, num_classes); rows without products stay grey.
        title: Title of the plot.
        path: PNG file to write.
    """
    from matplotlib.figure import Figure

    support = counts.sum(axis=1, keepdims=True)
    shares = np.where(support > 0, counts / np.maximum(support, 1), np.nan)
    with _drawing:
        figure = Figure(figsize=(10.5, 10), layout="constrained")
        axes = figure.add_subplot()
        axes.set_facecolor("#e6e9ec")
        image = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        labels = [str(code) for code in CODES]
        axes.set_xticks(range(NUM_CLASSES), labels, rotation=90)
        axes.set_yticks(range(NUM_CLASSES), labels)
        axes.tick_params(labelsize=8, length=0, colors=INK)
        axes.set_xlabel("predicted class", color=INK)
        axes.set_ylabel("true class", color=INK)
        axes.set_title(title, color=INK, parse_math=False)
        axes.spines[:].set_visible(False)
        _write_shares(axes, shares)
        bar = figure.colorbar(image, ax=axes, shrink=0.6, pad=0.02)
        bar.set_ticks([0, 0.5, 1], labels=["0 %", "50 %", "100 %"])
        bar.outline.set_visible(False)
        _save(figure, path)


def draw_curves(history: pd.DataFrame, title: str, path: Path) -> None:
    """Plot learning curves: loss and scores by epoch, for train and validation.

    Args:
        history: Columns epoch, loss, accuracy, validation_loss, validation_accuracy, validation_f1_weighted.
        title: Title of the plot.
        path: PNG file to write.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with _drawing:
        figure = Figure(figsize=(9.5, 3.4), layout="constrained")
        losses, scores = figure.subplots(1, 2)
        _line(losses, history, "loss", "train", TRAIN)
        _line(losses, history, "validation_loss", "validation", VALIDATION)
        losses.set_title("loss", fontsize=10, color=INK)
        losses.set_ylim(bottom=0)
        _line(scores, history, "accuracy", "accuracy, train", TRAIN)
        _line(scores, history, "validation_accuracy", "accuracy, validation", VALIDATION)
        _line(scores, history, "validation_f1_weighted", "weighted F1, validation", SCORE)
        scores.set_title("scores", fontsize=10, color=INK)
        scores.set_ylim(0, 1.02)
        for axes, place in ((losses, "upper right"), (scores, "lower right")):
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_xlabel("epoch", color=INK)
            axes.tick_params(labelsize=8, colors=INK)
            axes.grid(color=GRID, linewidth=0.6)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False, fontsize=8, loc=place)
        figure.suptitle(title, color=INK, fontsize=11, parse_math=False)
        _save(figure, path)


def draw_rates(curve: pd.DataFrame, choice: Mapping[str, Any], title: str, path: Path) -> None:
    """Plot an LR range test: loss by learning rate, with the found and the recommended learning rate.

    Args:
        curve: Columns learning_rate, loss, smoothed (null after divergence).
        choice: learning_rate (recommended), found (by the range test), diverged_at (None without divergence).
        title: Title of the plot.
        path: PNG file to write.
    """
    from matplotlib.figure import Figure

    rate, usable = choice["learning_rate"], curve[curve["smoothed"].notna()]
    top = usable["smoothed"].iloc[0]
    with _drawing:
        figure = Figure(figsize=(9.5, 4), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(curve["learning_rate"], curve["loss"], ".", color=TRAIN, markersize=3, label="loss on train rows")
        axes.plot(usable["learning_rate"], usable["smoothed"], color=VALIDATION, linewidth=1.8, label="smoothed")
        axes.axvline(rate, color=SCORE, linewidth=1.6, label=f"recommended: {rate:.2g}")
        if choice["found"] != rate:
            axes.axvline(
                choice["found"], color=SCORE, linestyle="--", linewidth=1, label=f"found: {choice['found']:.2g}"
            )
        if choice["diverged_at"] is not None:
            axes.axvline(choice["diverged_at"], color=INK, linestyle=":", linewidth=1, label="diverged")
        axes.set_xscale("log")
        # Much higher losses only show that the learning rate is too high, and would flatten the curve.
        axes.set_ylim(0, ABOVE_FIRST * top)
        axes.set_xlabel("learning rate", color=INK)
        axes.set_title(title, color=INK, fontsize=11, parse_math=False)
        axes.tick_params(labelsize=8, colors=INK)
        axes.grid(color=GRID, linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, fontsize=8, loc="lower left")
        _save(figure, path)


def draw_reliability(calibration: Calibration, title: str, path: Path) -> None:
    """Plot a reliability diagram (accuracy by confidence bin), and below it a histogram of the confidence.

    Args:
        calibration: Before and, with a fitted temperature, after temperature scaling.
        title: Title of the plot.
        path: PNG file to write.
    """
    from matplotlib.figure import Figure

    with _drawing:
        figure = Figure(figsize=(4.2, 5.2), layout="constrained")
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=[3.2, 1])
        axes.plot([0, 1], [0, 1], color=TRAIN, linewidth=1, linestyle=(0, (4, 3)), label="as sure as right")
        before = calibration.bins[calibration.bins["at"] == "before"]
        _reliability_line(axes, before, VALIDATION, f"as it is: error {calibration.before:.3f}")
        # A temperature of 1.00 would draw the same line again.
        if calibration.temperature is not None and round(calibration.temperature, 2) != 1:
            after = calibration.bins[calibration.bins["at"] == "after"]
            label = f"at temperature {calibration.temperature:.2f}: error {calibration.after:.3f}"
            _reliability_line(axes, after, SCORE, label)
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.set_ylabel("share that is right", color=INK)
        axes.legend(frameon=False, fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.2)
        below.bar(before["low"] + 0.5 / BINS, before["rows"], width=0.88 / BINS, color=VALIDATION)
        below.set_ylabel("products", color=INK)
        below.set_xlabel("confidence: probability of the answer", color=INK)
        for each in (axes, below):
            each.tick_params(labelsize=8, colors=INK)
            each.grid(color=GRID, linewidth=0.6)
            each.set_axisbelow(True)
            each.spines[["top", "right"]].set_visible(False)
        figure.suptitle(title, color=INK, fontsize=11, parse_math=False)
        _save(figure, path)


def _reliability_line(axes: "Axes", bins: pd.DataFrame, color: str, label: str) -> None:
    filled = bins[bins["rows"] > 0]
    axes.plot(
        filled["confidence"], filled["accuracy"], color=color, marker="o", markersize=4, linewidth=1.6, label=label
    )


def _write_shares(axes: "Axes", shares: np.ndarray) -> None:
    for row, column in np.argwhere(np.nan_to_num(shares) >= WRITTEN_FROM):
        share = shares[row, column]
        color = "white" if share > 0.55 else INK
        axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", fontsize=7, color=color)


def _line(axes: "Axes", history: pd.DataFrame, column: str, label: str, color: str) -> None:
    # A single epoch is one point, invisible without a marker.
    marker = "o" if len(history) <= 30 else None
    axes.plot(history["epoch"], history[column], label=label, color=color, marker=marker, markersize=3, linewidth=1.6)


def _save(figure: "Figure", path: Path) -> None:
    # Without it, Matplotlib writes its version into the file.
    figure.savefig(path, dpi=DPI, format="png", facecolor="white", metadata={"Software": None})
