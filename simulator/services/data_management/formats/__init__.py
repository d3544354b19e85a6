"""The framework's source data formats, pure: bytes to rows and rows to bytes, in blocks."""
