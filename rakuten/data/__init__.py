"""What comes in: dumps, contracts, products, splits."""
