"""The checks of suites/volumes, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

SORTED = "volumes/test_sort.py::test_sorted"
ROW = "volumes/test_web_app.py::test_it_is_listed_as_it_was_asked_for"
UPLOADED = "volumes/test_web_app.py::test_what_is_uploaded_in_the_browser_is_read_by_a_pod"
DOWNLOADED = "volumes/test_web_app.py::test_what_a_pod_wrote_is_downloaded_in_the_browser"
SORTED_UPLOAD = "volumes/test_web_app.py::test_a_pipeline_sorts_what_was_uploaded"
NO_VOLUMES = "volumes/test_web_app.py::test_a_notebook_without_volumes_does_not_break_the_list"
IN_USE = "volumes/test_web_app.py::test_one_that_a_pod_uses_is_not_deleted"
BOTH_GONE = "volumes/test_web_app.py::test_deleted_with_its_viewer_open_both_are_gone"
VIEWER_STRANGERS = "volumes/test_viewer_access.py::test_strangers_are_refused_and_the_owner_gets_in"
VIEWER_TOKENS = (
    "volumes/test_viewer_access.py::test_tokens_of_accounts_are_refused_and_the_owner_gets_in"
)
VIEWER_OF_OURS = (
    "volumes/test_viewer_access.py::test_a_foreign_account_opens_no_viewer_of_ours_and_we_do"
)

CHECKS: dict[str, dict[str, str]] = {
    "claim-in-use-deleted": {
        f"{IN_USE}[pod]": r"volume \S+ was deleted while pod \S+ uses it",
        f"{IN_USE}[pod-with-a-name-label]": r"volume \S+ was deleted while pod \S+ uses it",
    },
    "claim-pending": {
        SORTED: r"cannot seed volume .*; its claim is Pending",
        ROW: r"waiting for PVCViewer \S+ to respond; last state: .*; claim \S+ is Pending: ",
        NO_VOLUMES: r"waiting for PVCViewer \S+ to respond; last state: .*; claim \S+ is Pending: ",
    },
    "log-cut": {
        SORTED: r"assert 'sorted numbers: 10,9,8|cut off|digest",
    },
    "viewer-left": {
        BOTH_GONE: r"waiting for volume \S+ and its viewer to be gone; last state: there is still",
    },
    "viewer-open": {
        VIEWER_STRANGERS: r"the viewer of \S+ is open to all: an unauthenticated client is allowed",
        VIEWER_TOKENS: r"the viewer of \S+ is open to all: our account \S+ is allowed",
    },
    "volume-lossy": {
        SORTED: r"No such file",
        UPLOADED: r"what was uploaded in the viewer of \S+ is not on the volume",
        DOWNLOADED: r"the viewer of \S+ does not show what a pod has written",
        SORTED_UPLOAD: r"No such file",
    },
    "volumes-open": {
        VIEWER_OF_OURS: r"the volumes web app does not refuse it: an unauthenticated client",
    },
    "wrong-output": {
        SORTED: r"assert 11 == 10",
    },
}
