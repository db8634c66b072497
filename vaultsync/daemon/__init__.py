"""The node: composition of store, vault and transport into a running service."""
