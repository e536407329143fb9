"""The Kubernetes API of the embedded cluster.

An HTTP request comes in at `app.py`, is read (`requests/`), given a verb and a target
(`requests/routes.py`, `targets.py`) and a user (`auth/authn.py`) who may do it or not
(`auth/authz.py`). `handlers.py` has the verbs, on objects that `selectors/` choose; on their way
into the `store` objects pass `strategies/` (defaults), `admission/` and `validation/`. `watch.py`
streams what the store records, `nodes/` leads to the kubelets; what goes back is an `ApiResponse`,
in the form that the client accepts (`responses/`). Everything that a client can see follows the
real server, wording included; what has no client is not here.
"""

from pytest_kubeflow.local.apiserver.pki import Pki
from pytest_kubeflow.local.apiserver.server import ApiServer

__all__ = ["ApiServer", "Pki"]
