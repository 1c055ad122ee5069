"""Equal seeds, equal bytes: what Keras and its backend need to be told before a network is built."""


def make_reproducible(seed: int) -> None:
    """Forget earlier models of this process, seed everything that draws, and choose deterministic kernels.

    Args:
        seed: Of initial weights, dropout and augmentation.
    """
    import keras

    # Layer names count up within a process and end in the weights file.
    keras.utils.clear_session()
    make_deterministic(seed)


def make_deterministic(seed: int) -> None:
    """Seed everything that draws, and choose deterministic kernels.

    Args:
        seed: Any.
    """
    import keras

    keras.utils.set_random_seed(seed)
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
