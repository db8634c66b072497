"""What `vaultsync demo` does: two real nodes on this computer, and what crosses between them."""
