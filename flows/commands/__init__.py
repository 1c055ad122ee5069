"""The commands of `rakuten`, by what they are for. Nothing heavy is imported before one runs."""
