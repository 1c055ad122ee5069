"""Sections of `benchmarks/gpu.py`; each runs in a subprocess of its own."""
