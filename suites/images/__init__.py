"""Images of one's own, from a registry: components run in them, in those that were asked for."""
