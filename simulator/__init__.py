"""The simulator room."""
