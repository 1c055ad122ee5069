"""Model promotion: the promotion gate, the champion and its history, drift detection and the model registry."""
