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
        "Components that must be tested: their tests fail instead of being skipped.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "strict",
        "session.strict",
        p.FLAG,
        "Skipped tests fail, except those that --kf-allow-skip names.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "allow_skip",
        "session.allow_skip",
        p.SKIPS,
        "Causes of skips that --kf-strict and --kf-require allow. May be given more than once.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "known",
        "session.known",
        p.FILE,
        "A file that lists tests that are known to fail, one a line: TEST until YYYY-MM-DD: "
        "REASON. Such a test is red if it passes, and from the day after that date.",
        metavar="FILE",
    ),
    Option(
        "accept",
        "session.accept",
        p.names(WEAKNESSES, what="known weaknesses"),
        "Weaknesses of the platform that you accept: a test that finds one counts as expected to "
        "fail. Without this option it fails.",
        default=(),
        metavar="NAMES",
        repeatable=True,
    ),
    Option(
        "min_tests",
        "session.min_tests",
        p.COUNT,
        "The session fails if fewer tests than this ran.",
        metavar="NUMBER",
    ),
    Option(
        "schedule",
        "session.schedule",
        p.choice("submit-first", "sequential"),
        "When the runs that tests declare are submitted: all of them before the first test, or "
        "each one with its test.",
        default="submit-first",
        metavar="POLICY",
    ),
    Option(
        "max_runs",
        "session.max_runs",
        p.COUNT,
        "The maximum number of declared runs that are in flight at once.",
        default=8,
        metavar="NUMBER",
    ),
    Option(
        "session_timeout",
        "session.session_timeout",
        p.DURATION,
        "The maximum time for all tests. When it is over, runs are terminated and the tests that "
        "are left fail.",
        metavar="DURATION",
    ),
    Option(
        "keep",
        "session.keep",
        p.choice("never", "on-failure", "always"),
        "Whether the objects that tests create stay on the cluster after the tests.",
        default="never",
        metavar="WHEN",
    ),
    Option(
        "keep_for",
        "session.keep_for",
        p.DURATION,
        "How long kept objects stay. After that, a later session or --kf-cleanup removes them.",
        default=72 * 3600.0,
        metavar="DURATION",
    ),
    Option(
        "upgrade",
        "session.upgrade",
        p.choice("before", "after"),
        "before: create objects on the cluster before it is upgraded. after: check that they are "
        "unchanged, and remove them. No other tests run. The objects are kept for 14 days, or for "
        "--kf-keep-for.",
        metavar="PHASE",
    ),
    Option(
        "load",
        "session.load",
        p.LOAD,
        "The number of runs that the tests with the marker kf_load start at once. Without this "
        "option these tests do not run. They end early when the cluster suffers.",
        metavar="RUNS",
    ),
    Option(
        "load_timeout",
        "session.load_timeout",
        p.DURATION,
        "The maximum time for all runs of --kf-load together. After that, those that are left "
        "are terminated.",
        default=900.0,
        metavar="DURATION",
    ),
    Option(
        "strict_cleanup",
        "session.strict_cleanup",
        p.FLAG,
        "The session fails if an object that it created is still there at its end, except those "
        "that --kf-keep keeps.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "slow",
        "session.slow",
        p.FLAG,
        "Run the tests with the marker kf_slow, too; each of them waits for minutes. On the "
        "embedded cluster they always run, since they wait only for seconds there.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "recurring_period",
        "session.recurring_period",
        p.PERIOD,
        "The interval of the recurring runs that tests schedule. On the embedded cluster the "
        "default is 2s.",
        default=60,
        metavar="DURATION",
    ),
    Option(
        "timeout",
        "session.timeout",
        p.DURATION,
        "The maximum time for one wait, such as for a run or a service.",
        default=600.0,
        metavar="DURATION",
    ),
    Option(
        "start_timeout",
        "session.start_timeout",
        p.DURATION,
        "The maximum time that a pod may fail to start for a reason that rarely goes away by "
        "itself: an image that cannot be pulled, a missing Secret or ConfigMap, a claim without a "
        "volume.",
        default=120.0,
        metavar="DURATION",
    ),
)
