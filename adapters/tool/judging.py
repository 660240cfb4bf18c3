"""Starts one adapter in one configuration through `quixote-session judge`."""
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from .install import CLOCK
from .table import HERE, ROOT, WORK, Wrong

LIMIT_S = 300  # for one configuration


def judge_command():
    """The judge, built from this checkout, or what $ADAPTERS_JUDGE names."""
    if "ADAPTERS_JUDGE" in os.environ:
        return os.environ["ADAPTERS_JUDGE"].split()
    build = ["cargo", "build", "--locked", "--quiet", "--features", "judge"]
    subprocess.run(build, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return [str(target.resolve() / "debug" / "quixote-session"), "judge"]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """A Redis of one's own, under the shifted clock, that keeps nothing."""

    def __init__(self, clock, folder):
        self.port = free_port()
        preload = {"LD_PRELOAD": str(CLOCK), "KIT_CLOCK": str(clock)} if clock else {}
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--dir", str(folder)],
            env={**os.environ, **preload}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def wait(self):
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Wrong("redis-server does not answer")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def judge(command, adapter, configuration, clauses=None):
    """The judge's document on one adapter in one configuration."""
    folder = Path(tempfile.mkdtemp(prefix="adapter-"))
    clock = folder / "clock"
    clock.write_bytes(bytes(8))
    redis = Redis(clock if adapter.clock else None, folder) if "redis" in adapter.services else None
    try:
        if redis:
            redis.wait()
        return run(command, adapter, configuration, clock, redis, clauses)
    finally:
        if redis:
            redis.stop()
        shutil.rmtree(folder, ignore_errors=True)


def run(command, adapter, configuration, clock, redis, clauses):
    server = ["sh", "-c", adapter.start]
    options = []
    if adapter.clock:
        server = ["env", f"LD_PRELOAD={CLOCK}", *server]
        options = ["--clock", str(clock)]
    if clauses:
        options += ["--clauses", clauses]
    env = {
        **os.environ, "PROFILE": configuration, "PYTHONPATH": str(HERE / "common"),
        "PYTHONDONTWRITEBYTECODE": "1", "BUILD": str(adapter.build),
        "CARGO_BIN": str(WORK / "cargo" / "debug"), "REDIS_PORT": str(redis.port) if redis else ""}
    done = subprocess.run(
        [*command, f"http://127.0.0.1:{free_port()}", *options, "--json", "--", *server],
        cwd=adapter.folder, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LIMIT_S, check=False)
    if not done.stdout.startswith("{"):
        raise Wrong(f"the judge ended with status {done.returncode}\n{done.stderr[-3000:]}")
    return json.loads(done.stdout)  # also with status 2, if the judge itself went wrong somewhere
