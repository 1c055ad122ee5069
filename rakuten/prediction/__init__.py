"""Inference: model packages, model cards, and batch classification of products."""
