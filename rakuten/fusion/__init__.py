"""One decision from several models."""
