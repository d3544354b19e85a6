"""What Blob Storage does and keeps; no HTTP."""
