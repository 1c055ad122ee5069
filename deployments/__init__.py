"""The flows as Prefect deployments: registration, worker, automations, recovery, and the server of one machine."""
