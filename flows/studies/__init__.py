"""Studies: flows that compare many models."""
