"""The report's GRU and BiLSTM: a recurrent layer over words, and the mean of its outputs at all positions.

Reference:
    Cho et al., Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation,
    EMNLP 2014.
    Graves and Schmidhuber, Framewise Phoneme Classification with Bidirectional LSTM and Other Neural Network
    Architectures, Neural Networks 18, 2005.
"""

from typing import TYPE_CHECKING, Literal

from pydantic import Field, PositiveInt

from rakuten.models.building import read_architecture
from rakuten.recipes import TextNetworkRecipe
from rakuten.recipes.strict import Strict

if TYPE_CHECKING:
    import keras


class Architecture(Strict):
    """Hyperparameters; the report's in brackets.

    Attributes:
        cell: Kind of the recurrent layer.
        bidirectional: Whether a second layer reads the words from the end; outputs of both are concatenated.
        embedding_size: Numbers a word is turned into (200).
        recurrent_units: Units of the layer of either direction (128).
        dense_units: Units of the hidden layer (256).
        dropout: Share of units dropped in training, after the recurrent and after the hidden layer (0.3).
    """

    cell: Literal["gru", "lstm"]
    bidirectional: bool
    embedding_size: PositiveInt
    recurrent_units: PositiveInt
    dense_units: PositiveInt
    dropout: float = Field(ge=0, lt=1)


def build(recipe: TextNetworkRecipe, num_classes: int, input_shape: tuple[int]) -> "keras.Model":
    """Embedding → GRU or LSTM, every position → Dropout → GlobalAveragePooling1D → Dense relu → Dropout → softmax.

    As in the report, padding is read and averaged like words are.

    Args:
        recipe: Gives `num_words` and the hyperparameters.
        num_classes: Columns of the output.
        input_shape: (words,): int word indices, 0 for padding.
    """
    import keras
    from keras import layers

    sizes = read_architecture(recipe, Architecture)
    # Layers are made in their order: each draws the seed of its initial weights when it is made.
    embedding = layers.Embedding(recipe.num_words, sizes.embedding_size, name="embedding")
    cell = layers.GRU if sizes.cell == "gru" else layers.LSTM
    if sizes.bidirectional:
        name = f"bi{sizes.cell}"
        recurrent = layers.Bidirectional(cell(sizes.recurrent_units, return_sequences=True), name=name)
    else:
        name = sizes.cell
        recurrent = cell(sizes.recurrent_units, return_sequences=True, name=name)
    return keras.Sequential(
        [
            keras.Input(input_shape, dtype="int32", name="words"),
            embedding,
            recurrent,
            layers.Dropout(sizes.dropout, name="recurrent_dropout"),
            layers.GlobalAveragePooling1D(name="pool"),
            layers.Dense(sizes.dense_units, activation="relu", name="hidden"),
            layers.Dropout(sizes.dropout, name="dropout"),
            layers.Dense(num_classes, activation="softmax", name="probabilities"),
        ],
        name=f"text_{name}",
    )
