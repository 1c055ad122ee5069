"""Statistical tests and calibration measures: pure functions of arrays."""
