"""A walk over all public operations of Microsoft's SDK for Python: the same steps, sync and aio."""
