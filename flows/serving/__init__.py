"""The Prefect server and worker of one machine, and what a server needs to be told of this project."""
