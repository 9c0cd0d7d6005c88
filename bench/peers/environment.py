"""The peers' own virtual environments: `.venv-peers` (and `.venv-peers-haiku`), never the product's.

torch, sentence-transformers, Haystack and the model are the product's own, seen through a .pth file, so that both
sides compute with the same packages and nothing is downloaded twice. A peer that cannot be installed is named with the
reason, and the rest goes on.
"""

from __future__ import annotations

import compileall
import hashlib
import json
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
VENV = ROOT / ".venv-peers"
HAIKU = ROOT / ".venv-peers-haiku"
PINS = {VENV: HERE / "constraints.txt", HAIKU: HERE / "constraints-haiku.txt"}
INSTALL_SECONDS = 900


def sections() -> dict[str, list[str]]:
    """Give what each peer needs, from requirements.txt: a line `# peer: NAME` begins a section."""
    found: dict[str, list[str]] = {}
    name = ""
    for line in (HERE / "requirements.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("# peer: "):
            name = line.removeprefix("# peer: ").strip()
            found[name] = []
        elif line.strip() and not line.startswith("#"):
            found[name].append(line.partition("#")[0].strip())
    return found


def prepare(wanted: set[str]) -> dict[str, str]:
    """Make the environments; give why a peer is not there, by name, for those that are not.

    The product's own modules are compiled, as pip compiles the peers'.
    """
    for package in ("bot", "config", "connectors", "knowledge"):
        compileall.compile_dir(ROOT / package, quiet=1)
    missing: dict[str, str] = {}
    for name, packages in sections().items():
        if name in wanted:
            venv, python = (HAIKU, newer_python()) if name == "haiku.rag" else (VENV, sys.executable)
            reason = _install(name, packages, venv, python)
            if reason:
                missing[name] = reason
    if "Redis" not in missing:
        _link_openssl()
    return missing


def python_of(venv: Path) -> Path:
    """Give a venv's interpreter."""
    return venv / "bin" / "python"


def newer_python() -> str | None:
    """Give a Python 3.12 or newer, which haiku.rag asks for."""
    if sys.version_info >= (3, 12):
        return sys.executable
    kept = sorted(Path.home().glob(".pyenv/versions/3.1[2-9]*/bin/python3"))
    names = [shutil.which(f"python3.{minor}") for minor in (14, 13, 12)]
    for candidate in [*map(str, kept), *filter(None, names)]:
        test = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 12))"
        if subprocess.run([candidate, "-c", test], check=False, capture_output=True).returncode == 0:
            return candidate
    return None


def _install(name: str, packages: list[str], venv: Path, python: str | None) -> str | None:
    """Install one peer; give the reason if that cannot be done."""
    if python is None:
        return "needs Python 3.12 or newer, and none was found"
    stamp = venv / ".installed.json"
    done: dict[str, str] = json.loads(stamp.read_text()) if stamp.exists() else {}
    digest = hashlib.sha256("\n".join([*packages, PINS[venv].read_text()]).encode()).hexdigest()[:16]
    if done.get(name) == digest:
        return None
    reason = _made(venv, python)
    if reason:
        return reason
    print(f"peers: installing {name} into {venv.name}: {', '.join(packages)}", file=sys.stderr)
    command = [str(python_of(venv)), "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    try:
        result = subprocess.run(
            [*command, "-c", str(PINS[venv]), *packages],
            check=False,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired:
        return f"its packages did not arrive within {INSTALL_SECONDS} s"
    if result.returncode:
        errors = [line for line in result.stderr.splitlines() if line.startswith("ERROR")]
        return (errors or result.stderr.splitlines() or ["pip failed"])[-1][:300]
    stamp.write_text(json.dumps({**done, name: digest}, indent=2))
    return None


def _made(venv: Path, python: str) -> str | None:
    """Make the environment unless it is there; give the reason if that cannot be done."""
    if not python_of(venv).exists():
        print(f"peers: making {venv.name}", file=sys.stderr)
        made = subprocess.run([python, "-m", "venv", str(venv)], check=False, capture_output=True, text=True)
        if made.returncode:
            return f"its environment cannot be made: {(made.stdout + made.stderr).strip()[-200:]}"
    if venv == VENV:
        _share_packages(venv)
    return None


def _share_packages(venv: Path) -> None:
    site = subprocess.run(
        [python_of(venv), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    (Path(site) / "product.pth").write_text(sysconfig.get_path("purelib") + "\n")


def _link_openssl() -> None:
    """Give Redis Stack's binary the OpenSSL 1.1 that it was built with, out of a wheel that carries it."""
    libraries = VENV / "openssl11"
    libraries.mkdir(parents=True, exist_ok=True)
    for found in VENV.glob("lib/python3*/site-packages/psycopg2_binary.libs/lib*.so.1.1"):
        name = found.name.partition("-")[0]
        if name in {"libssl", "libcrypto"}:
            link = libraries / f"{name}.so.1.1"
            link.unlink(missing_ok=True)
            link.symlink_to(found)
