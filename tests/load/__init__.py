"""Loads beyond daily use: `python -m tests.load NAME`. Small variants, which count, run as tests."""
