"""Business events: an outbox in the transaction of the change, delivery at least once, errors kept.

Endpoints are HTTPS (HTTP on loopback); Service Bus, Event Grid, Event Hubs, Blob Storage and Power
Automate are left out so far, and data events. Source: "Business events overview", Microsoft Learn.
"""

from windtunnel.simulator.services.business_events.service import BusinessEvents

__all__ = ["BusinessEvents"]
