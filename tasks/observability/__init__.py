"""Artifacts, progress and events of runs in the Prefect UI."""
