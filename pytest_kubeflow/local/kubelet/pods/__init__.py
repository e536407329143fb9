"""One pod on its node: whether it fits, its life, its status in the API, why it is evicted."""
