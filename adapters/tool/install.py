"""Installs what an adapter needs, in the versions that its lock file pins."""
import hashlib
import os
import shutil
import subprocess

from .table import HERE, WORK, Wrong

CLOCK = WORK / "clock.so"


def sh(command, cwd=None, env=None, quiet=True):
    """Runs a command to its end; Wrong with what it said if it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if quiet else None, stderr=subprocess.STDOUT if quiet else None,
        text=True, check=False)
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, command))}: status {done.returncode}\n{done.stdout or ''}")
    return done.stdout


def once(stamp, key, do):
    """Does what was not done before for this key, and remembers it in the file `stamp`."""
    digest = hashlib.sha256(key.encode() if isinstance(key, str) else key).hexdigest()
    if stamp.exists() and stamp.read_text() == digest:
        return
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.unlink(missing_ok=True)
    do()
    stamp.write_text(digest)


def debian(packages):
    """The installed version of each Debian package; None where one is missing."""
    form = "${db:Status-Status} ${Package} ${Version}\n"
    done = subprocess.run(["dpkg-query", "-W", "-f", form, *packages], capture_output=True,
                          text=True, check=False)
    rows = [line.split(" ") for line in done.stdout.splitlines()]
    found = {row[1]: row[2] for row in rows if row[0] == "installed"}
    return {package: found.get(package) for package in packages}


def apt(packages):
    missing = [name for name, version in debian(packages).items() if version is None]
    if not missing:
        return
    options = ["-qq", "-y", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
    sh(["apt-get", "update", "-qq"])
    sh(["apt-get", "install", *options, *missing], env={"DEBIAN_FRONTEND": "noninteractive"})


def commands():
    """What every adapter needs."""
    for command, package in (("cc", "gcc"), ("redis-server", "redis-server")):
        if shutil.which(command) is None:
            apt([package])
    source = HERE / "clock" / "clock.c"
    flags = ["-Wall", "-Wextra", "-Werror", "-O2", "-shared", "-fPIC"]
    once(WORK / "clock.stamp", source.read_bytes(),
         lambda: sh(["cc", *flags, "-o", CLOCK, source]))


def install(adapter):
    """Installs one adapter; returns the versions of its Debian packages."""
    kinds = adapter.install
    packages = kinds.get("apt", [])
    apt(packages)
    adapter.build.mkdir(parents=True, exist_ok=True)
    stamp = adapter.build / "installed"
    if kinds.get("pip"):
        lock = adapter.folder / "requirements.txt"
        venv = adapter.build / "venv"

        def pip():
            sh(["python3", "-m", "venv", "--clear", "--without-pip", venv])
            sh([installer(), "-q", "--disable-pip-version-check", "--python", venv / "bin/python",
                "install", "--no-compile", "--no-deps", "-r", lock])
        once(stamp, lock.read_bytes(), pip)
    if kinds.get("npm"):
        lock = adapter.folder / "package-lock.json"
        once(adapter.folder / "node_modules" / ".installed", lock.read_bytes(),
             lambda: sh(["npm", "ci", "--no-audit", "--no-fund"], cwd=adapter.folder))
        # npm ci empties the folder, so the stamp is written after it.
    if kinds.get("cargo"):
        sh(["cargo", "build", "--locked", "--quiet"], cwd=adapter.folder, env={"CARGO_TARGET_DIR": str(WORK / "cargo")})
    if "build" in kinds:
        sources = sorted(adapter.folder.iterdir()) + sorted((HERE / "common").iterdir())
        key = kinds["build"].encode() + b"".join(source.read_bytes() for source in sources)
        once(stamp, key, lambda: sh(["sh", "-ec", kinds["build"]], cwd=adapter.folder,
                                    env={"BUILD": str(adapter.build)}))
    return debian(packages)


def installer():
    """One pip for all environments: to install it in each takes longer than what it installs."""
    venv = WORK / "build" / "pip"
    once(venv / "installed", "pip", lambda: sh(["python3", "-m", "venv", venv]))
    return venv / "bin" / "pip"

