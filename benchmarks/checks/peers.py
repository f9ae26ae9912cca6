"""The environments of tools that are no part of the project; here those of ``peers.in``, ``peers.lock``."""

import hashlib
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).parent / "peers.lock"


def python_of_peers(folder: Path, lock: Path = LOCK) -> Path:
    """The Python of an environment under ``folder`` that holds what the lock says; it is made at the first call."""
    place = folder / f"peers-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    python, ready = place / "bin" / "python", place / ".ready"
    if not ready.is_file():
        print(f"Making the environment of the peers in {place} …", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        install = ["-m", "pip", "install", "--disable-pip-version-check", "--quiet", "--require-hashes"]
        subprocess.run([str(python), *install, "-r", str(lock)], check=True)
        ready.touch()
    return python
