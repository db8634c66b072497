"""Ticket values and their text form. Pure."""
