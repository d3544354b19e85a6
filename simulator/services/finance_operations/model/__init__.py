"""The behaviour of finance and operations: company scope, defaults, validation, numbers, lists."""
