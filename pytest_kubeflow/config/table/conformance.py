"""What a session shows of a platform to others: conformance to a release of Kubeflow."""

from __future__ import annotations

from pytest_kubeflow.config import outputs as o
from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "conformance",
        "conformance.release",
        p.choice("1.9", "1.10", "1.11", "26.03"),
        "Run the tests that a platform of this release of Kubeflow must pass, and no others, and "
        "write a bundle with the results. The session fails unless all of them pass.",
        metavar="RELEASE",
    ),
    Option(
        "conformance_product",
        "conformance.product",
        p.FILE,
        "The file PRODUCT.yaml of the platform, with vendor, name, version, website_url, "
        "documentation_url, type and description.",
        metavar="FILE",
    ),
    Option(
        "conformance_bundle",
        "conformance.bundle",
        o.BUNDLE,
        "Where to write the bundle: a new directory, or a .zip file. Default: "
        "kubeflow-conformance-RELEASE in the current directory.",
        metavar="DIR|FILE.zip",
    ),
)
