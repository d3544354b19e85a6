"""Sample integrations, written as a team would write them, with their scenarios, plan and design."""
