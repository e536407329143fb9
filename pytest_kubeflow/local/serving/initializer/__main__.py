"""Usage: initializer SOURCE_URI DESTINATION [...]; exit code 1 if one cannot be had."""

from __future__ import annotations

import os
import sys

from pytest_kubeflow.local.serving.initializer.log import log
from pytest_kubeflow.local.serving.initializer.storage import StorageFailure, download


def main(arguments: list[str]) -> int:
    """Fetch each source into its directory."""
    if not arguments or len(arguments) % 2:
        sys.stderr.write("Usage: initializer-entrypoint src_uri_0 dest_path_0 ...\n")
        return 1
    pairs = list(zip(arguments[::2], arguments[1::2], strict=True))
    log("INFO", f"Initializing, args: (src_uri, dest_path): {pairs}")
    try:
        for uri, directory in pairs:
            os.makedirs(directory, exist_ok=True)
            download(uri, directory, os.environ)
    except StorageFailure as error:
        log("ERROR", f"Storage initialization failed: {error}")
        return 1
    except OSError as error:
        log("ERROR", f"Unexpected error during storage initialization: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
