"""The library: every stage of the catalogue classification, usable without Prefect."""
