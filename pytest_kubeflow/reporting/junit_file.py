"""JUnit's XML file, replaced as a whole: pytest empties it first, and breaks off on a full disk.

pytest writes it into memory (a memfd of Linux, by its name below /proc), and we write the file: an
earlier one stays until then, and an error is one line. Elsewhere pytest writes as it always does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_kubeflow.reporting.writing import Written, write_file

if TYPE_CHECKING:
    import pytest

KIND = "junit"


def junit_of(config: pytest.Config) -> Any | None:
    """What pytest collects the XML with: `_pytest.junitxml.LogXML`; None without --junit-xml."""
    from _pytest.junitxml import xml_key

    return config.stash.get(xml_key, None)


@contextmanager
def held(xml: Any, written: list[Written]) -> Iterator[None]:
    """Inside, pytest writes into memory; then the file is written, and `written` has how."""
    path = Path(xml.logfile)
    if not hasattr(os, "memfd_create") or (path.exists() and not path.is_file()):
        yield
        return
    handle = os.memfd_create("junit")
    xml.logfile = f"/proc/self/fd/{handle}"
    try:
        yield
    finally:
        xml.logfile = str(path)
        with os.fdopen(handle, "rb") as file:
            file.seek(0)
            content = file.read()
        if content:  # else something else has failed before
            done = write_file(KIND, "JUnit XML", path, content)
            if done.path is not None:
                xml.logfile = str(done.path)
            # pytest tells of the one that is there.
            written.append(done._replace(line="") if done.is_there else done)
