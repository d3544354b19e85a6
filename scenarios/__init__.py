"""Runs steps against URLs and says what did not match; knows no server code."""
