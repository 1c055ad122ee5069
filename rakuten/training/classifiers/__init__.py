"""Classifiers on sparse text features, their calibration and files."""
