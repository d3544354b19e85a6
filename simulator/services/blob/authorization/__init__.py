"""Who may do what: Shared Key, account SAS, service SAS, stored access policies."""
