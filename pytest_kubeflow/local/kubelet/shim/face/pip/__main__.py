"""`python -m pip` from a running interpreter."""

import os
import sys

os.execv("/run/kubelet/shim/pip", ["pip", *sys.argv[1:]])  # noqa: S606
