"""Who gets in: people and programs at the endpoints of a cluster, ours and others.

```
caller_session.py  a client of the gateway, and the responses that it gets
callers.py         who that can be: us, nobody, a login, the holder of a token
tokens.py          tokens of service accounts, and what can be done to them
account.py         the holder of such a token at the Kubernetes API
profiles.py        a second profile, and the object store keys of one
```
"""
