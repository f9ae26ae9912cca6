"""``make up``: Airflow's pages and scheduler on this machine only, until Ctrl-C.

Holds the starting and stopping of Airflow's four components. Not ``airflow standalone``, which serves task logs on
every network interface and leaves children behind when only its parent is stopped. For development: one local admin.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from run_dags import PROJECT, airflow_environment

AIRFLOW = Path(sys.executable).with_name("airflow")
PASSWORDS = "simple_auth_manager_passwords.json.generated"
START_SECONDS, STOP_SECONDS = 180, 40


def up_environment(airflow_home: Path, port: int) -> dict[str, str]:
    """Airflow's settings for a small machine, reachable from this machine only."""
    url = f"http://127.0.0.1:{port}"
    return airflow_environment(airflow_home) | {
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__PARALLELISM": "2",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
    }


# The API server comes first and alone: tasks talk to it, and give up when it does not answer yet.
# Task logs are read from the disk, so no log server is started.
FIRST = {"api-server": ["api-server"]}
THEN = {
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
    "triggerer": ["triggerer", "--skip-serve-logs"],
}


def healthy(port: int, parts: Iterable[str]) -> bool:
    """Whether the API server answers and calls these parts healthy."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/monitor/health", timeout=5) as answer:
            health = json.load(answer)
    except OSError:
        return False
    return all(health[part]["status"] == "healthy" for part in parts)


class ComponentError(Exception):
    """A component ended by itself or did not become ready; names its log."""


class Components:
    """Airflow's running components, each in a process group of its own with a log of its own."""

    def __init__(self, home: Path, environment: dict[str, str], port: int) -> None:
        self.home, self.environment, self.port = home, environment, port
        self.running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, commands: dict[str, list[str]], until_healthy: Iterable[str]) -> None:
        """Start components and wait until these parts of Airflow are healthy.

        Raises:
            ComponentError: one ended, or they are not healthy in time.
        """
        for name, arguments in commands.items():
            with (self.home / "logs" / f"{name}.log").open("wb") as log:
                self.running[name] = subprocess.Popen(
                    [str(AIRFLOW), *arguments],
                    env=self.environment,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        deadline = time.monotonic() + START_SECONDS
        while not healthy(self.port, until_healthy):
            self.check()
            if time.monotonic() > deadline:
                raise ComponentError(f"Airflow is not ready after {START_SECONDS} s: see {self.home / 'logs'}")
            time.sleep(1)

    def check(self) -> None:
        """Raise ComponentError where a component has ended."""
        for name, process in self.running.items():
            if process.poll() is not None:
                raise ComponentError(f"{name} ended ({process.returncode}): see {self.home / 'logs' / f'{name}.log'}")

    def stop(self) -> None:
        """End every process group with one SIGTERM (a second can hang the scheduler), later by force."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a second Ctrl-C must not leave components behind
        for process in self.running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for name, process in self.running.items():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                print(f"{name} does not stop, killed.", file=sys.stderr)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def main() -> int:
    """Start, watch, stop; returns the exit code."""
    parser = argparse.ArgumentParser(description="Run Airflow's pages and scheduler on this machine until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--airflow-home", type=Path, default=PROJECT / "var" / "airflow")
    arguments = parser.parse_args()
    home = arguments.airflow_home.resolve()
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", arguments.port)) == 0:
            print(f"Port {arguments.port} is in use; choose another with --port.", file=sys.stderr)
            return 2
    (home / "logs").mkdir(parents=True, exist_ok=True)
    demo = PROJECT / "var" / "demo"
    places = {"SOSACH_HOME": str(demo / "home"), "SOSACH_DELIVERIES": str(demo / "deliveries")}
    environment = places | os.environ | up_environment(home, arguments.port)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # stopped by a supervisor: the same clean way as Ctrl-C
    components = Components(home, environment, arguments.port)
    try:
        print(f"Preparing Airflow's database in {home} …", flush=True)
        with (home / "logs" / "migrate.log").open("wb") as log:
            migrate = [str(AIRFLOW), "db", "migrate"]
            subprocess.run(migrate, env=environment, stdout=log, stderr=subprocess.STDOUT, check=True)
        print("Starting (takes about half a minute) …", flush=True)
        components.start(FIRST, until_healthy=["metadatabase"])
        components.start(THEN, until_healthy=["scheduler", "dag_processor"])
        password = json.loads((home / PASSWORDS).read_text(encoding="utf-8"))["admin"]
        print(f"Airflow is ready: http://127.0.0.1:{arguments.port}  user admin, password {password}", flush=True)
        print("Ctrl-C stops it.", flush=True)
        while True:
            components.check()
            time.sleep(1)
    except KeyboardInterrupt:
        return 0
    except ComponentError as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        print("Stopping …", flush=True)
        components.stop()


if __name__ == "__main__":
    sys.exit(main())
