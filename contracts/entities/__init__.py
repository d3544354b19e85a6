"""The entities each service offers: columns, keys, relations, choices."""
