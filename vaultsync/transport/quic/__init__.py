"""The transport over QUIC (RFC 9000), on aioquic's state machine and a socket of our own."""

from vaultsync.transport.quic.endpoint import QuicEndpoint, listen
from vaultsync.transport.quic.settings import QuicSettings

__all__ = ["QuicEndpoint", "QuicSettings", "listen"]
