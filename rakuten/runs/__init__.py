"""Runs of flows: their records and outputs."""
