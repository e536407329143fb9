"""What a test session does."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.components import COMPONENTS
from pytest_kubeflow.config.setting import Option
from pytest_kubeflow.config.weaknesses import WEAKNESSES

OPTIONS = (
    Option(
        "require",
        "session.require",
        p.names(COMPONENTS, what="components"),
        "Components whose tests fail instead of being skipped, for whatever reason.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "strict",
        "session.strict",
        p.FLAG,
        "Skipped tests fail, unless --kf-allow-skip names them.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "allow_skip",
        "session.allow_skip",
        p.SKIPS,
        "Skips that do not fail with --kf-strict and --kf-require; may be given more than once.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "known",
        "session.known",
        p.FILE,
        "A file that lists tests which are known to fail, a line each: TEST until YYYY-MM-DD: "
        "REASON. Such a test is red if it passes, or when its day is over.",
        metavar="FILE",
    ),
    Option(
        "accept",
        "session.accept",
        p.names(WEAKNESSES, what="known weaknesses"),
        "Weaknesses of the platform that are accepted: a test that meets one is expected to fail, "
        "and red without this.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "min_tests",
        "session.min_tests",
        p.COUNT,
        "The fewest tests that have to run: the session fails with fewer.",
        metavar="NUMBER",
    ),
    Option(
        "schedule",
        "session.schedule",
        p.choice("submit-first", "sequential"),
        "When the runs that tests declare are submitted: all before the first test, or each with "
        "its own.",
        default="submit-first",
        metavar="POLICY",
    ),
    Option(
        "max_runs",
        "session.max_runs",
        p.COUNT,
        "The most declared runs that are in flight at once.",
        default=8,
        metavar="NUMBER",
    ),
    Option(
        "session_timeout",
        "session.session_timeout",
        p.DURATION,
        "The longest that all tests may take: then what still runs is terminated, and what is left "
        "fails.",
        metavar="DURATION",
    ),
    Option(
        "keep",
        "session.keep",
        p.choice("never", "on-failure", "always"),
        "Whether what was made on the cluster stays there after the tests.",
        default="never",
        metavar="WHEN",
    ),
    Option(
        "keep_for",
        "session.keep_for",
        p.DURATION,
        "How long what was kept stays there: after that, a later session or --kf-cleanup removes "
        "it.",
        default=72 * 3600.0,
        metavar="DURATION",
    ),
    Option(
        "upgrade",
        "session.upgrade",
        p.choice("before", "after"),
        "Leave things on the cluster before it is upgraded, or look at them after that and remove "
        "them; no other tests run. What is left stays for 14 days, or for --kf-keep-for.",
        metavar="PHASE",
    ),
    Option(
        "load",
        "session.load",
        p.LOAD,
        "How many runs the tests with the marker kf_load have in flight at once. They run with "
        "this alone, after all others, and end early when the cluster suffers.",
        metavar="RUNS",
    ),
    Option(
        "load_timeout",
        "session.load_timeout",
        p.DURATION,
        "The longest that the runs of --kf-load may take, all together: then what still runs is "
        "terminated.",
        default=900.0,
        metavar="DURATION",
    ),
    Option(
        "strict_cleanup",
        "session.strict_cleanup",
        p.FLAG,
        "The session fails if anything that it made is still there at its end, unless --kf-keep "
        "has kept it.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "slow",
        "session.slow",
        p.FLAG,
        "Tests with the marker kf_slow run too, each of which waits for minutes. On the embedded "
        "cluster they always do: they wait for seconds there.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "recurring_period",
        "session.recurring_period",
        p.PERIOD,
        "How often the recurring runs are due that tests schedule. On the embedded cluster it is "
        "2s unless it is given.",
        default=60,
        metavar="DURATION",
    ),
    Option(
        "timeout",
        "session.timeout",
        p.DURATION,
        "The longest that one wait may take.",
        default=600.0,
        metavar="DURATION",
    ),
    Option(
        "start_timeout",
        "session.start_timeout",
        p.DURATION,
        "The longest that a pod may fail to start for a reason that rarely mends itself: an image "
        "that is not pulled, a missing Secret or ConfigMap, a claim that is not provisioned.",
        default=120.0,
        metavar="DURATION",
    ),
)
