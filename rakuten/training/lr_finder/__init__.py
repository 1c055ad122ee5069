"""Learning rate search: range test, choice, short fits."""
