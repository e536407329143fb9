"""Checks of admission webhooks: whether the API server can ask each of them."""
