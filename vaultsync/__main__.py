"""`python -m vaultsync` is the command `vaultsync`."""

from vaultsync.cli.main import main

if __name__ == "__main__":
    main()
