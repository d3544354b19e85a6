"""ASGI and HTTP, the request pipeline, origins and listeners, the control API."""
