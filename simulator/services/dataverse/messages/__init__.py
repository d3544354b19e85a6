"""Functions and actions of the Web API: what they take, who answers them."""
