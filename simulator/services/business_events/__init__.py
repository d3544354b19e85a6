"""Business events: an outbox in the transaction of the change, delivery at least once, errors kept.

Endpoints are HTTPS (HTTP on loopback); Service Bus, Event Grid and Event Hubs are not there yet.
Source: "Business events overview".
"""

from windtunnel.simulator.services.business_events.service import BusinessEvents

__all__ = ["BusinessEvents"]
