"""Real nodes, killed at random points of everything that they do: `python -m tests.crash --runs N`."""
