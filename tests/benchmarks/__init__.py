"""Benchmarks. `python -m tests.benchmarks --help` for the side-by-side ones."""
