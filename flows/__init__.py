"""Compositions of tasks, and the command line that calls them."""
