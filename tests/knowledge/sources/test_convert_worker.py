"""What the child process may not do, tried in a real one."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = """
import socket, subprocess, os, sys
from knowledge.sources import convert_worker as worker
isolated = worker.leave_network()
worker.limit_resources(1_000_000_000)
sys.addaudithook(worker._refuse)
"""


def run(code: str) -> str:
    """Run code in a process under the worker's limits; give what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code], capture_output=True, text=True, check=False, timeout=60
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "deed",
    [
        "socket.create_connection(('127.0.0.1', 80))",
        "socket.getaddrinfo('example.com', 80)",
        "subprocess.run(['true'])",
        "os.system('true')",
        "os.fork()",
        "open('written.txt', 'w')",
        "os.open('written.txt', os.O_CREAT | os.O_WRONLY)",
        "os.remove(__import__('sys').executable)",
    ],
)
def test_forbidden_deeds_are_refused(deed: str) -> None:
    """A bug in a converter can open no socket, start no process, and write or remove no file."""
    assert "PermissionError: a document made the converter" in run(deed)


def test_reading_and_computing_are_allowed() -> None:
    """The limits do not keep the converters from loading their own data files."""
    assert "fine" in run("open(os.__file__).read(); print('fine')")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="network namespaces are Linux's")
def test_network_namespace_is_empty_where_allowed() -> None:
    """Where the kernel allows it, not even native code in the child sees a network interface that is up."""
    output = run("print('isolated', isolated, len(open('/proc/net/route').read().splitlines()))")
    assert output.strip() in {"isolated True 0", "isolated True 1"} or "isolated False" in output


def test_heavy_packages_stay_out() -> None:
    """The child imports the converters that it needs, not all that `import markitdown` brings."""
    code = """
worker.skip_package_imports()
import knowledge.sources.convert_formats
print("heavy:", sorted(sys.modules.keys() & {"magika", "onnxruntime", "pandas", "torch", "numpy"}))
"""
    assert "heavy: []" in run(code)
