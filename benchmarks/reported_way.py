"""The report's way with photos, of public tools alone: Keras' generator decodes every JPEG in every epoch.

Its frozen backbone stands in the loop as well. The pixels are those the backbone was trained on, not the report's
1/255, so that both ways can reach the same scores; nothing is augmented.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from rakuten.recipes import FitSettings

HEAD = (1024, 512)
DROPOUT = 0.2


def network(weights: Path, alpha: float, size: int, num_classes: int) -> Any:
    """MobileNetV2, frozen, with the report's head."""
    import keras

    backbone = keras.applications.MobileNetV2(
        include_top=False, pooling="avg", weights=str(weights), alpha=alpha, input_shape=(size, size, 3)
    )
    backbone.trainable = False
    return keras.Sequential([keras.Input((size, size, 3)), backbone, *head(num_classes)])


def head(num_classes: int) -> list[Any]:
    """Layers of the report's head."""
    from keras import layers

    hidden = [layer for units in HEAD for layer in (layers.Dense(units, activation="relu"), layers.Dropout(DROPOUT))]
    return [*hidden, layers.Dense(num_classes, activation="softmax")]


def generator(rows: pd.DataFrame, size: int, batch_size: int, classes: list[str], *, shuffle: bool) -> Any:
    """Batches of decoded, resized and prepared photos with their classes.

    Args:
        rows: path, label (text).
        size: Side in pixels.
        batch_size: Photos a batch.
        classes: Labels in the order of the network's outputs.
        shuffle: Whether each epoch has an order of its own.
    """
    import keras
    import tensorflow as tf

    source = tf.keras.preprocessing.image.ImageDataGenerator(
        preprocessing_function=keras.applications.mobilenet_v2.preprocess_input
    )
    batches = source.flow_from_dataframe(
        rows,
        x_col="path",
        y_col="label",
        target_size=(size, size),
        interpolation="bilinear",
        classes=classes,
        batch_size=batch_size,
        shuffle=shuffle,
        seed=1,
        validate_filenames=False,
    )
    batches.workers = 2
    return batches


def train(
    model: Any,
    train_rows: pd.DataFrame,
    validation_rows: pd.DataFrame | None,
    classes: list[str],
    settings: FitSettings,
    size: int,
) -> npt.NDArray[np.float64]:
    """Fit and validate after every epoch, as the report did.

    Args:
        model: Fitted in place.
        train_rows, validation_rows: path, label; None: nothing is validated.
        classes: Labels in the order of the network's outputs.
        settings: Batch size, epochs, learning rate.
        size: Side of the photos in pixels.

    Returns:
        float64 (epochs, 2): seconds of each epoch by the wall, and of all cores together.
    """
    import keras

    _compile(model, settings)
    shown = generator(train_rows, size, settings.batch_size, classes, shuffle=True)
    held_out = None
    if validation_rows is not None:
        held_out = generator(validation_rows, size, settings.batch_size, classes, shuffle=False)
    began: list[tuple[float, float]] = []

    def note(epoch: int, logs: object) -> None:
        began.append((time.perf_counter(), time.process_time()))

    clock = keras.callbacks.LambdaCallback(on_epoch_begin=note)
    model.fit(shown, validation_data=held_out, epochs=settings.epochs, callbacks=[clock], verbose=0)
    note(settings.epochs, None)
    return np.diff(np.array(began), axis=0)


def features(model: Any, rows: pd.DataFrame, classes: list[str], size: int) -> npt.NDArray[np.float32]:
    """What the head of a network sees of each photo, in the order of `rows`."""
    batches = generator(rows, size, 32, classes, shuffle=False)
    return np.asarray(model.layers[0].predict(batches, verbose=0), np.float32)


def fit_head(
    train_features: npt.NDArray[np.float32],
    targets: npt.NDArray[np.int64],
    held_out: npt.NDArray[np.float32],
    settings: FitSettings,
    num_classes: int,
    seed: int,
) -> npt.NDArray[np.int64]:
    """Classes that a head fitted on some rows' features gives others."""
    import keras

    keras.utils.set_random_seed(seed)
    model = keras.Sequential([keras.Input(train_features.shape[1:]), *head(num_classes)])
    _compile(model, settings)
    truth = keras.utils.to_categorical(targets, num_classes)
    model.fit(train_features, truth, batch_size=settings.batch_size, epochs=settings.epochs, verbose=0)
    return np.asarray(model.predict(held_out, verbose=0)).argmax(axis=1)


def _compile(model: Any, settings: FitSettings) -> None:
    import keras

    optimizer = keras.optimizers.Adam(settings.learning_rate)
    model.compile(optimizer=optimizer, loss="categorical_crossentropy", metrics=["accuracy"])
