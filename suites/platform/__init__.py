"""The platform itself: workloads, webhooks, certificates, mesh, storage, nodes, profiles.

One look at the cluster for all tests here. Each fails with what is broken, where, and what mends
it; what may not be looked at is skipped with its reason.
"""
