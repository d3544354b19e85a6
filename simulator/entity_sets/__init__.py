"""entity_sets."""
