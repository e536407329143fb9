"""Text of others without what a terminal would do with it: escape codes, carriage returns, bells.

What a pod prints is shown in errors. A terminal would take its escape codes for ours: move the
cursor over a verdict, set the title, put text into the clipboard.
"""

from __future__ import annotations

import re

# ECMA-48: ESC and the 8-bit form of each code. Libraries for this know little more than colours.
# A string that does not end in its line is kept: what follows may be the words that count.
_STRING = r"[^\x07\x1b\x90\x98\x9c-\x9f\r\n]*(?:\x07|\x1b\\|\x9c)"
CODE = re.compile(
    rf"(?:\x1b[PX^_\]]|[\x90\x98\x9d-\x9f]){_STRING}"  # OSC, DCS, SOS, PM, APC and what they hold
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, the cursor
    r"|\x1b[ -/]*[0-~]?"
)
_RETURN = re.compile(r"\r+\n?")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """The text itself: lines, tabs, and what can be seen. A carriage return begins a line."""
    if _CONTROL.search(text) is None:
        return text
    return _CONTROL.sub("", _RETURN.sub("\n", CODE.sub("", text)))
