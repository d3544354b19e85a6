"""One module per family of step kinds; each kind is a function from step and frame to `Found`."""
