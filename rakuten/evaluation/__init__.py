"""Model evaluation: classification metrics, calibration, model comparison and error analysis."""
