"""Models put to use: the package that holds them, and what it says of products."""
