"""A judge from outside: real daemons, driven by the command line and the folders alone.

What is known of the product is what the README, `docs/cli.md` and `docs/api-examples.md` tell a person. Only
`starting.Warm` loads it, to become its command.
"""
