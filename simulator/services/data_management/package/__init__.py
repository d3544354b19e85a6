"""A data package, pure: the zip, its manifest, its header. No store, no clock, no HTTP."""
