"""Tests that did not run: why, whether that is red, and how many there were.

```
cause.py       skip_for: a skip that names what is lacking
components.py  which components a test is of: by its markers and fixtures
policy.py      whether a skip is red: --kf-strict, --kf-allow-skip, --kf-require
known.py       tests that are known to fail, by a file: --kf-known
knownplugin.py the hook for these
tally.py       what did not run and why, as one sentence; --kf-min-tests
plugin.py      the hooks
```
"""
