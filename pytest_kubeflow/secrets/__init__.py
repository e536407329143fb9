"""Secrets and ConfigMaps: what components are given besides parameters.

```
given.py     one object with values: changed, and removed
maker.py     makes them, and removes those that it made
```
"""
