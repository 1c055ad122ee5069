"""Fitting models and storing them with their validation and test probabilities."""
