"""PodDefaults: what profiles add to their pods, by a webhook that the API server asks."""
