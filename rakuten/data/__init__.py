"""Data of models: split, label masking, cross-fitting folds, class probabilities."""
