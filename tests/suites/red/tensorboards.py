"""The checks of suites/tensorboards, by the fault that each of them sees, and what it says then."""

from __future__ import annotations

SCALARS = "tensorboards/test_scalars.py::test_the_numbers_of_an_event_file_come_back"
BOARD_LISTED = "tensorboards/test_scalars.py::test_it_is_listed_as_ready"
BOARD_DELETED = "tensorboards/test_scalars.py::test_deleted_it_leaves_the_claim_and_nothing_else"
BOARD_SERVICE = (
    "tensorboards/test_scalars.py::test_one_that_is_called_like_a_notebook_has_a_service_of_its_own"
)
BOARD_STRANGERS = "tensorboards/test_access.py::test_strangers_are_refused_and_the_owner_gets_in"
BOARD_TOKENS = (
    "tensorboards/test_access.py::test_tokens_of_accounts_are_refused_and_the_owner_gets_in"
)

CHECKS: dict[str, dict[str, str]] = {
    "tensorboard-empty": {
        SCALARS: (
            r"waiting for 25 numbers of 'loss' .*; last state: it has 0; runs and tags: \{\}"
        ),
    },
    "tensorboard-left": {
        BOARD_DELETED: r"waiting for Tensorboard \S+ to be gone; last state: there is still its D",
    },
    "tensorboard-open": {
        BOARD_STRANGERS: r"TensorBoard \S+ is open to all: an unauthenticated client is allowed",
        BOARD_TOKENS: r"TensorBoard \S+ is open to all: our account \S+ is allowed",
    },
    "tensorboards-ignored": {
        BOARD_LISTED: r"waiting for Tensorboard \S+ to respond; last state: it has no pod",
        BOARD_SERVICE: r"waiting for the Deployment and the route of Tensorboard \S+; last state",
    },
}
