"""The `rakuten` command: what it reads, checks and prints. Nothing heavy is imported before a command runs."""
