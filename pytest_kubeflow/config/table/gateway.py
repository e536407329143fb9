"""The gateway of Kubeflow, and who we are there."""

from __future__ import annotations

from pytest_kubeflow.config import parsers as p
from pytest_kubeflow.config.setting import Option

OPTIONS = (
    Option(
        "host",
        "gateway.host",
        p.HOST,
        "The Kubeflow gateway, or 'local' for an embedded Kubeflow on loopback.",
        metavar="URL|local",
    ),
    Option(
        "target",
        "",
        p.TEXT,
        "A table [targets.NAME] with these settings, in kubeflow-targets.toml (beside the ini "
        "file) or in FILE. Given more than once, one session runs for each, side by side.",
        metavar="NAME|FILE:NAME",
        splits=True,
    ),
    Option(
        "auth",
        "gateway.auth",
        p.choice("auto", "token", "projected", "dex", "cookie", "token-request", "anonymous"),
        "How to log in at the gateway; auto takes the first way for which everything is given.",
        default="auto",
        metavar="WAY",
    ),
    Option(
        "username",
        "gateway.username",
        p.TEXT,
        "The user who logs in through Dex; KF_PASSWORD has the password.",
        metavar="EMAIL",
    ),
    Option(
        "dex_connector",
        "gateway.connector",
        p.TEXT,
        "The ID of the Dex connector that has this user. Default: local or ldap.",
        metavar="ID",
    ),
    Option(
        "token_file",
        "gateway.token_file",
        p.FILE,
        "A file with a bearer token for the gateway. It is read again when it changes.",
        metavar="FILE",
    ),
    Option(
        "audience",
        "gateway.audience",
        p.TEXT,
        "The audience of the tokens that are requested from Kubernetes.",
        metavar="NAME",
    ),
    Option(
        "service_account",
        "gateway.service_account",
        p.SERVICE_ACCOUNT,
        "The service account for which tokens are requested from Kubernetes. Default: "
        "default-editor of the namespace of the session.",
        metavar="[NAMESPACE/]NAME",
    ),
    Option(
        "userid_header",
        "gateway.userid_header",
        p.HEADER,
        "The header in which the gateway sends the user to the components: KUBEFLOW_USERID_HEADER "
        "of the platform. Without this option, the header that the namespace's "
        "AuthorizationPolicies name.",
        default="kubeflow-userid",
        metavar="NAME",
    ),
    Option(
        "userid_prefix",
        "gateway.userid_prefix",
        p.TEXT,
        "The prefix that the gateway puts before the user in that header: KUBEFLOW_USERID_PREFIX "
        "of the platform.",
        metavar="TEXT",
    ),
    Option(
        "ca_cert",
        "gateway.ca_cert",
        p.CERTIFICATES,
        "The certificates of the authority that signed the gateway's certificate, in PEM.",
        metavar="FILE",
    ),
    Option(
        "insecure",
        "gateway.insecure",
        p.FLAG,
        "Do not verify the gateway's certificate.",
        default=False,
        metavar="BOOL",
        flag=True,
    ),
    Option(
        "token",
        "gateway.token",
        p.SECRET,
        "A bearer token for the gateway.",
        hidden=True,
        secret=True,
    ),
    Option(
        "cookie",
        "gateway.cookie",
        p.SECRET,
        "The cookies of a session at the gateway, as a browser sends them: NAME=VALUE; NAME=VALUE.",
        hidden=True,
        secret=True,
    ),
    Option(
        "password",
        "gateway.password",
        p.SECRET,
        "The user's password for Dex.",
        hidden=True,
        secret=True,
    ),
    Option(
        "password_file",
        "",
        p.FILE,
        "A file with the user's password for Dex.",
        metavar="FILE",
        hidden=True,
    ),
)
