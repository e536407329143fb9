"""Conformance: lists, bundles and what is wrong with those that were tampered with."""
