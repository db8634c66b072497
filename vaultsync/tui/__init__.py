"""The dashboard: a terminal application over the local API, and nothing but that."""
