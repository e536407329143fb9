"""Comparison: what changed between two sessions, of two nights or of two clusters.

```
difference.py  Difference: what is worse, better, or only other in the second of two records
sources.py     where the two come from: JSON documents, or sessions of a history
text.py        the same as lines for a terminal
```
"""
