"""Recurring integrations: queues of files and packages in front of a data project.

Pages: "Recurring integrations" (Microsoft Learn); Recurring Integrations Scheduler (GitHub) for the
shapes that clients read.
"""

from windtunnel.simulator.services.data_management.recurring.service import RecurringIntegrations

__all__ = ["RecurringIntegrations"]
