"""Credentials for the Kubeflow gateway, one way a file. Not those for the Kubernetes API.

```
credentials.py    what a way is (Protocol)      ladder.py    which one is taken, and why
demands.py        the ways that settings ask for, and what they lack
anonymous.py token.py projected.py tokenrequest.py dex.py   the ways
signin.py         the pages of Dex's login       sameorigin.py      where its requests may go
connectors.py     which of Dex's it goes by      loginend.py        why it led nowhere
sessioncookie.py  why its session is not kept
refusal.py        what a response of the gateway means   known_refusals/     by whose words
session.py        requests with them            kfp.py       kfp.Client with them
loginwanted.py    which responses want a login
```
"""

from pytest_kubeflow.auth.credentials import Credentials
from pytest_kubeflow.auth.ladder import choose

__all__ = ["Credentials", "choose"]
