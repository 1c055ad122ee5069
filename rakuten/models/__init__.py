"""Networks: one module each, `build(recipe, num_classes)`."""
