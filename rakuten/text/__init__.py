"""Texts: cleaning, vocabularies, what models read of them."""
