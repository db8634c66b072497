"""Inputs that nobody would send on purpose, for everything that decodes what came from elsewhere.

`python -m tests.fuzz NAME --runs N --seed S` tries one decoder, `python -m tests.fuzz all` each in turn.
"""
