"""Settings of a notebook's server, where this node differs from another one.

Where pods share the machine's network the server listens at the address of its pod alone. It asks
for no password, so it answers there to names of the cluster alone, and not to pages of other sites.
In a network of its pod's own it answers to all, as the real image does: what comes there has passed
the mesh. Kernels are at sockets of the container.
"""

import os

path = os.environ.get("NB_PREFIX", "").strip("/").split("/")
namespace, own = [*path, "", ""][1:3]
gateway = "istio-ingressgateway"

c = get_config()  # type: ignore[name-defined]  # noqa: F821
c.ServerApp.ip = os.environ["KF_LISTEN_ADDRESS"]
c.ServerApp.allow_remote_access = c.ServerApp.ip == "0.0.0.0"  # noqa: S104 of its pod
c.ServerApp.local_hostnames = [
    "localhost",
    *(
        f"{name}{domain}"
        for name, home in ((own, namespace), (gateway, "istio-system"))
        for domain in ("", f".{home}", f".{home}.svc", f".{home}.svc.cluster.local")
    ),
]
c.KernelManager.transport = "ipc"
c.LanguageServerManager.autodetect = False  # there are none, and to look for them takes a second
c.LabApp.extension_manager = "readonly"
c.LabApp.news_url = None
