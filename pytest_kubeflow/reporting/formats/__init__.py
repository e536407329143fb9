"""Formats: a session's record, and its trend, as text that machines and other tools read.

```
cases.py       what of a session is red or green without being a test: the preflight, its end
ctrf.py        Common Test Report Format, https://ctrf.io
junit.py       what JUnit XML says of a session beside its tests
prometheus.py  metrics for the textfile collector of Prometheus' node exporter
github.py      Markdown for the summary of a job in GitHub Actions
markdown.py    texts of others in Markdown, of which nothing becomes markup
```

All are functions of the record. The session as a whole, as JSON, is records/document.py.
"""
