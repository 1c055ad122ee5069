"""Model families, one module each, named as the recipe's module in `rakuten.recipes.families`; see `training.family`.

A module ends in `FAMILY`, the family's object. It imports no other family, so that editing one leaves the keys of the
others alone.
"""
