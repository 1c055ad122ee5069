"""The Prefect server of one machine: its process, database, environment and API."""
