"""Data contracts: expectations of a table, their validation, quarantine and page."""
