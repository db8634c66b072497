"""What a device remembers: a vault's index and history, and the node's peers, in SQLite."""
