"""The network: endpoints that are reached by node id, over QUIC or in memory."""
