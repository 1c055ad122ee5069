"""Orchestration of flow runs: engine, training slots, locks, priorities, names."""
