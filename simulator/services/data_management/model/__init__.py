"""Projects, executions, and the work of imports and exports. No HTTP."""
