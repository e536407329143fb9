"""A run of a pipeline: what it is told to do, what is read of it, why it failed."""
