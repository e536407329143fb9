"""Checks of what Kubernetes itself has: nodes, storage, namespaces, definitions, versions."""
