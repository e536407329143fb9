"""The Kubernetes API as the rooms above use it: client, namespaces, pods, logs, ownership.

The client and its calls are here; `pods/`, `volumes/`, `ports/` and `objects/` are what is worked
with by it, `sessions/` says what on a cluster is a session's, and whether it may be removed.
"""
