"""Loads beyond daily use: `python -m tests.load NAME`. Small variants, which count instead of measuring, run as tests."""
