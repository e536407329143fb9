"""Secrets and ConfigMaps of a session, on an embedded cluster."""

from __future__ import annotations

import pytest


def test_they_are_made_changed_masked_and_removed(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import base64
        import pytest

        MADE = []

        @pytest.mark.parametrize("kind", ["secret", "config_map"])
        def test_made(kind, request, kf_kubernetes, kf_namespace):
            make = request.getfixturevalue(f"kf_{kind}")
            given = make({"a": "first-value-of-mine", "b": "other"})
            MADE.append((kind, given.name))
            read = getattr(kf_kubernetes.core, f"read_namespaced_{kind}")
            labels = read(given.name, kf_namespace).metadata.labels
            assert labels["app.kubernetes.io/managed-by"] == "pytest-kubeflow"
            given.replace({"a": "second-value-of-mine", "c": bytes([0, 255])})
            found = read(given.name, kf_namespace)
            if kind == "secret":
                assert base64.b64decode(found.data["a"]) == b"second-value-of-mine"
                assert set(found.data) == {"a", "c"}
            else:
                assert found.data == {"a": "second-value-of-mine"}
                assert base64.b64decode(found.binary_data["c"]) == bytes([0, 255])

        def test_gone(kf_kubernetes, kf_namespace):
            for kind, name in MADE:
                listed = getattr(kf_kubernetes.core, f"list_namespaced_{kind}")(kf_namespace)
                assert name not in [one.metadata.name for one in listed.items]

        def test_masked(kf_secret):
            given = kf_secret({"a": "never-seen-before-1"})
            given.replace({"a": "unknown-until-now", "b": b"also-as-bytes"})
            print("one", "never-seen-before-1", "two", "unknown-until-now", "also-as-bytes")
            assert given is None
        """
    )
    done = pytester.runpytest_subprocess("--kf-host=local", "-p", "no:cacheprovider")
    done.assert_outcomes(passed=3, failed=1)
    done.stdout.no_fnmatch_line("one never*")
    assert "one *** two *** ***" in done.stdout.str()
