"""Scores of probabilities against labels, and what to show of them."""
