"""Catalogue: its classes."""
