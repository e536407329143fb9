"""The checks of suites/access, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

ENDPOINT = "access/test_endpoints.py::test_strangers_are_sent_away_and_we_get_in"
LOGIN = "access/test_login.py::test_the_right_password_opens_the_dashboard_and_a_wrong_one_does_not"
ACCOUNT = "access/test_accounts.py::test_a_foreign_account_is_refused_and_ours_is_not"
ARTIFACTS_ENDPOINT = "access/test_accounts.py::test_artifacts_of_our_namespace_are_ours_alone"
RECORDS = "access/test_records.py::test_strangers_do_not_read_what_runs_recorded"
FOREIGN_RECORDS = (
    "access/test_records.py::test_a_foreign_account_does_not_read_what_our_runs_recorded"
)
AT_KUBERNETES = "access/test_accounts.py::test_kubernetes_gives_a_foreign_account_nothing_of_ours"
CLAIMED = "access/test_identity.py::test_what_"
TAMPERED = "access/test_identity.py::test_tampered_tokens_are_refused"
EXPIRED = "access/test_identity.py::test_expired_token_is_refused"
OTHER_KEYS = "access/test_keys.py::test_keys_of_one_profile_do_not_open_the_objects_of_another"

CHECKS: dict[str, dict[str, str]] = {
    "any-password": {
        LOGIN: r"Dex is open to all: .* gets in with a wrong password",
    },
    "dashboard-open": {
        f"{ENDPOINT}[dashboard]": r"the dashboard is open to all: an unauthenticated client",
        f"{ENDPOINT}[workgroups]": r"the dashboard's API is open to all: an unauthenticated client",
    },
    "keys-shared": {
        OTHER_KEYS: r"the object store is open to all: the keys of profile \S+ read, list, write,",
    },
    "pipelines-open": {
        f"{ENDPOINT}[pipelines]": r"the pipelines API is open to all: an unauthenticated client",
        f"{ACCOUNT}[pipelines]": r"the pipelines API is open to all: the foreign account \S+ is",
        RECORDS: r"ML Metadata is open to all: an unauthenticated client reads what our",
    },
    "rbac-open": {
        f"{AT_KUBERNETES}[volumes]": r"Kubernetes is open to all: .* gets at the volumes of",
        f"{AT_KUBERNETES}[bucket-keys]": r"Kubernetes is open to all: .* gets at the bucket keys",
    },
    "tokens-ageless": {
        EXPIRED: r"the pipelines API is open to all: a token is taken \d+ s after",
    },
    "tokens-unverified": {
        TAMPERED: r"the pipelines API is open to all: a forged token \(a later end\) is allowed",
    },
    "userid-trusted": {
        f"{CLAIMED}a_stranger_says_of_itself_counts_for_nothing": (
            r"open to all: an unauthenticated client that claims to be another user is allowed"
        ),
        f"{CLAIMED}we_say_of_ourselves_counts_for_nothing": (
            r"the gateway is open to all: it believes kubeflow-userid: "
            r"somebody-else@example.com"
        ),
        f"{CLAIMED}a_foreign_account_says_of_itself_counts_for_nothing": (
            r"open to all: the foreign account \S+ that claims to be another user is allowed"
        ),
    },
    "volumes-open": {
        f"{ENDPOINT}[volumes]": r"the volumes web app is open to all: an unauthenticated client",
        f"{ACCOUNT}[volumes]": r"the volumes web app is open to all: the foreign account \S+ is",
    },
}
