"""Flow runs: records, outputs, dry runs and garbage collection."""
