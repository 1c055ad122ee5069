"""Prefect's side of the stages: caching, retries, slots, names and artifacts; no numerics."""
