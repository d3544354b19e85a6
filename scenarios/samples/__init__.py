"""Sample integrations as a team would write them, with scenarios, plan and design."""
