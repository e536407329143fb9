"""Training on several nodes: processes that talk to each other, and how their jobs end."""
