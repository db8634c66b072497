"""Keep a folder of notes identical on all your devices: no server, no account, no lost word."""

__version__ = "0.1.0"
