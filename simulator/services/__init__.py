"""The simulated services; they never import each other."""
