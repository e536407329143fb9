"""What has to be seen of the cluster before anybody can say that it is whole."""

PODS = ("pods", "events")
WORKLOADS = ("deployments.apps", "statefulsets.apps", "daemonsets.apps")
WEBHOOKS = (
    "mutatingwebhookconfigurations.admissionregistration.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
)
DEFINITIONS = ("customresourcedefinitions.apiextensions.k8s.io",)
SECRETS = ("the certificates in Secrets",)
PAGES = ("the pages of the gateway", "the page ")
