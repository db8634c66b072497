"""Typed three-way merging of notes. Pure."""
