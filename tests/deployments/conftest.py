"""Fixtures of the tests of deployments."""

from commands import as_command, one_product_dump, rakuten, stages_in_process

__all__ = ["as_command", "one_product_dump", "rakuten", "stages_in_process"]
