"""Admission webhooks of the platform: programs that an API server asks.

```
admission.py   what a review asks, and how it is answered
server.py      an HTTPS server for them
programs.py    those of the platform, and what an API server is told of them
joined.py      the same beside another cluster's API server
```
"""
