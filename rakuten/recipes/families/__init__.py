"""Recipe schemas, one module a family, named as the family's code in `rakuten.training.families`.

A recipe is a `ModelRecipe` with a literal `family`; a module may hold several that the same code trains. Modules are
found by listing this package.
"""
