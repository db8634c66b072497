"""Devices at the two ends of a bad network."""
