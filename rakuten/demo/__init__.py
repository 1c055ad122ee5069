"""Generated dump for demos, tests and benchmarks."""
