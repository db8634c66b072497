"""Whole clusters of replicas on one seed: random edits, deliveries, cuts and restarts, and what must hold then."""
