"""Argo Workflows made by hand: from a manifest to what its nodes gave. Knows no pytest."""
