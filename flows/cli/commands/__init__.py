"""The commands of `rakuten`, by subject."""
