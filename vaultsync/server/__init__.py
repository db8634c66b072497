"""The local HTTP API of a running node, on loopback only."""
