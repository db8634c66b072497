"""The local API's client, used by the command line and the dashboard."""
