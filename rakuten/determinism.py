"""Deterministic training: random seeds and deterministic kernels of Keras and its backend."""


def make_reproducible(seed: int) -> None:
    """Clear the Keras session, set all random seeds and enable deterministic kernels.

    Args:
        seed: Seed of weight initialisation, dropout and data augmentation.
    """
    import keras

    # Keras numbers layers per process, and layer names are stored in the weights file.
    keras.utils.clear_session()
    make_deterministic(seed)


def make_deterministic(seed: int) -> None:
    """Set all random seeds and enable deterministic kernels."""
    import keras

    keras.utils.set_random_seed(seed)
    if keras.config.backend() == "tensorflow":
        import tensorflow as tf

        tf.config.experimental.enable_op_determinism()
