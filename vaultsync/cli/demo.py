"""`vaultsync demo`."""


def demo() -> None:
    """Demo."""
