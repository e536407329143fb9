"""The Kubernetes API as the rooms above use it: client, namespaces, pods, logs, ownership."""
