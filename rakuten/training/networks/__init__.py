"""Training of Keras networks: one loop, its steps, checkpoints, early stopping."""
