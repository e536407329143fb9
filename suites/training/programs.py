"""What the nodes of these tests run. Their sources are sent, and that of `ring` with them."""

from typing import Any

from .ring import Ring, listening_when_free, share_of


def all_reduce(token: str, seed: int) -> dict[str, Any]:
    """All ranks add up their numbers."""
    ring = Ring(token)
    return {
        "rank": ring.rank,
        "world": ring.world,
        "host": ring.host,
        "members": ring.members,
        "sum": ring.sum(share_of(ring.rank, seed)),
    }


def gives_up(code: int) -> None:
    """Rank 1 ends with this exit code, and says so; the others end well."""
    import os
    import sys

    rank = int(os.environ["PET_NODE_RANK"])
    print(f"rank {rank} gives up" if rank == 1 else f"rank {rank} is done", flush=True)  # noqa: T201
    sys.exit(code if rank == 1 else 0)


def waits_in_vain() -> None:
    """Of a PyTorchJob: rank 1 gives up while the master, which alone decides otherwise, goes on."""
    import os
    import sys
    import time

    if os.environ["RANK"] == "1":
        sys.exit("rank 1 gives up")
    time.sleep(600)


def outlives(token: str, seed: int) -> dict[str, Any]:
    """Rank 1 waits to be killed where it is the first of its kind; its successor does the work.

    Rank 0 counts who comes as rank 1, by the names of their pods: it is what tells them apart.
    """
    import os
    import socket
    import time

    env = os.environ
    rank, pod = int(env["PET_NODE_RANK"]), env["POD_NAME"]
    port = int(env["PET_MASTER_PORT"]) + 1
    seen: list[str] = []
    ends = time.monotonic() + 600
    if rank == 0:
        with listening_when_free(port, ends) as endpoint:
            while len(seen) < 2:
                way, _ = endpoint.accept()
                name = way.makefile().readline().split()
                if len(name) != 2 or name[0] != token or name[1] in seen:
                    way.close()
                    continue
                seen.append(name[1])
                way.sendall(b"wait\n" if len(seen) == 1 else b"work\n")
                if len(seen) == 1:
                    first = way  # it is let go by its death alone
        first.close()
    else:
        message = ""
        while message not in ("wait", "work"):  # nothing where the name still leads elsewhere
            if time.monotonic() > ends:
                raise SystemExit("rank 0 is not reached")
            try:
                way = socket.create_connection((env["PET_MASTER_ADDR"], port), timeout=10)
                way.settimeout(60)
                way.sendall(f"{token} {pod}\n".encode())
                message = way.makefile().readline().strip()
            except OSError:
                time.sleep(0.1)
        print(f"{pod} is told to {message}", flush=True)  # noqa: T201
        if message == "wait":
            time.sleep(600)
            raise SystemExit("nobody killed this pod")
    ring = Ring(token)
    return {"rank": rank, "pod": pod, "seen": seen, "sum": ring.sum(share_of(rank, seed))}


def second_attempt(token: str, seed: int) -> dict[str, Any]:
    """Rank 1 fails the first time that the job is tried, and all of them do their work the next."""
    import os
    import sys

    rank, attempt = int(os.environ["PET_NODE_RANK"]), int(os.environ["ATTEMPT"])
    if attempt == 0 and rank == 1:
        sys.exit(3)
    ring = Ring(f"{token} {attempt}")
    return {"rank": rank, "attempt": attempt, "sum": ring.sum(share_of(rank, seed))}


def digits(token: str, rounds: int) -> dict[str, Any]:
    """Softmax regression on digits: each rank has its share of the rows, gradients are averaged.

    Shares are equal, so that the average is the gradient over all rows: as many nodes as one likes
    come to the same model.
    """
    import numpy as np
    from sklearn.datasets import load_digits

    data = load_digits()
    order = np.random.default_rng(7).permutation(len(data.target))
    pixels, digits = data.data[order] / 16, data.target[order]
    seen, unseen, labels, expected = pixels[453:], pixels[:453], digits[453:], digits[:453]
    ring = Ring(token)
    rows, targets = seen[ring.rank :: ring.world], np.eye(10)[labels[ring.rank :: ring.world]]
    weights = np.zeros((65, 10))
    rows = np.hstack([rows, np.ones((len(rows), 1))])
    for _ in range(rounds):
        scores = rows @ weights
        chances = np.exp(scores - scores.max(axis=1, keepdims=True))
        chances /= chances.sum(axis=1, keepdims=True)
        gradient = rows.T @ (chances - targets) / len(rows)
        summed = np.array(ring.sum(gradient.ravel().tolist())).reshape(gradient.shape)
        weights -= 2.0 * summed / ring.world
    guessed = (np.hstack([unseen, np.ones((len(unseen), 1))]) @ weights).argmax(axis=1)
    return {
        "rank": ring.rank,
        "world": ring.world,
        "rows": len(rows),
        "accuracy": float((guessed == expected).mean()),
        "guessed": guessed.tolist(),
        "norm": float(np.linalg.norm(weights)),
        "first": [round(float(one), 12) for one in weights[20]],
    }


def torch_all_reduce() -> dict[str, Any]:
    """The same as `all_reduce` with gloo, started by torchrun, which knows where to meet."""
    import os
    import socket
    import sys

    try:
        import torch  # type: ignore[import-not-found]
        import torch.distributed as dist  # type: ignore[import-not-found]
    except ImportError as error:
        return {"missing": str(error)}
    if "LOCAL_RANK" not in os.environ:  # it is torchrun that has started those who have one
        command = ["torchrun", "--no-python", *sys.orig_argv]
        os.execvp(command[0], command)  # noqa: S606  there is no shell in it
    dist.init_process_group("gloo")
    rank, world = dist.get_rank(), dist.get_world_size()
    hosts = [None] * world
    dist.all_gather_object(hosts, socket.gethostname())
    summed = torch.tensor([float(rank + 1)])
    dist.all_reduce(summed)
    dist.destroy_process_group()
    return {"rank": rank, "world": world, "hosts": hosts, "sum": summed.item()}


def reaches_workers(seconds: float = 300) -> dict[str, Any]:
    """Of an MPIJob's launcher: run `hostname` in each host of its file, as mpirun would.

    Nothing has the launcher wait until its workers run: mpirun would fail before.
    """
    import os
    import subprocess
    import sys
    import time
    from pathlib import Path

    env = dict(os.environ)
    ends = time.monotonic() + seconds
    lines = Path(env["OMPI_MCA_orte_default_hostfile"]).read_text().splitlines()
    hosts = [line.split()[0] for line in lines if line.strip()]
    answered: list[str] = []
    while len(answered) < len(hosts):
        host = hosts[len(answered)]
        done = subprocess.run(
            [env["OMPI_MCA_plm_rsh_agent"], host, "hostname"],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        if done.returncode == 0:
            answered.append(done.stdout.strip())
        elif time.monotonic() > ends:
            sys.exit(f"{host} is not reached: {done.stderr.strip()}")
        else:
            time.sleep(0.2)
    return {"listed": hosts, "answered": answered}


def gpus(token: str) -> dict[str, Any]:
    """Which GPUs each rank sees, as nvidia-smi names them, and what all see."""
    import subprocess

    ring = Ring(token)
    done = subprocess.run(
        ["nvidia-smi", "--query-gpu=uuid", "--format=csv,noheader"],  # noqa: S607  it is on the PATH
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    own = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return {"rank": ring.rank, "world": ring.world, "own": own, "all": ring.gather(own)}
