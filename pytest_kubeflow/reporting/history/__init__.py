"""History: the sessions that a directory remembers, for trends, usual durations and comparisons.

```
history.py     History: the directory, as sessions use it
database.py    the SQLite file: opened, judged, made, and what is wrong with it
filesystem.py  whether the directory is on another machine
rows.py        what a session leaves in it, and what is read back
trend.py       what rows say: red since, flaky tests, usual durations
budget.py      whether durations are within --kf-slower-than
```
"""
