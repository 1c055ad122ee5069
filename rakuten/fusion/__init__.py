"""Late fusion (ensembling) of the class probabilities of several models."""
