"""A judge from outside: real daemons, driven by the command line and the folders alone.

Nothing here imports the product. What is known of it is what the README and `docs/cli.md` tell a person.
"""
