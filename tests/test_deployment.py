"""The Dockerfile, compose.yaml, Makefile and workflow files name only what exists."""

from __future__ import annotations

import functools
import operator
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.settings import load_settings

SCRIPTS = Path(sys.executable).parent
"""Where the environment has its commands."""


@pytest.fixture(scope="module")
def root() -> Path:
    """The checkout."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def compose(root: Path) -> dict[str, Any]:
    """compose.yaml, parsed."""
    loaded: dict[str, Any] = yaml.safe_load((root / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def _instructions(root: Path) -> list[tuple[str, str]]:
    text = (root / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [tuple(line.strip().split(None, 1)) for line in lines]  # type: ignore[misc]


def test_dockerfile_passes_the_linter(root: Path) -> None:
    """Hadolint finds nothing to say."""
    result = subprocess.run(
        [SCRIPTS / "hadolint", "Dockerfile"], cwd=root, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout


def test_every_path_that_is_copied_exists_and_is_not_ignored(root: Path) -> None:
    """What COPY names is in the checkout and gets past .dockerignore."""
    allowed = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    for name, rest in _instructions(root):
        if name != "COPY" or rest.startswith("--from"):
            continue
        *sources, _target = shlex.split(rest)
        for source in sources:
            assert (root / source).exists(), source
            assert source in allowed, f"{source} is kept out by .dockerignore"


def test_every_package_of_the_wheel_is_copied(root: Path) -> None:
    """The image builds the same wheel as the checkout does."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    copied = {shlex.split(rest)[0] for name, rest in _instructions(root) if name == "COPY"}
    assert packages <= copied
    assert project["project"]["readme"] in " ".join(
        rest for name, rest in _instructions(root) if name == "COPY"
    )


def test_the_command_is_one_that_the_project_installs(root: Path) -> None:
    """CMD starts a script of pyproject with a command that the CLI has."""
    commands = [yaml.safe_load(rest) for name, rest in _instructions(root) if name == "CMD"]
    script, command = commands[-1]
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    assert script in project["project"]["scripts"]
    shown = subprocess.run([SCRIPTS / script, command, "--help"], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr


def test_the_health_check_asks_for_what_the_web_server_has(root: Path) -> None:
    """HEALTHCHECK asks the port that is exposed and a route that exists, with valid Python."""
    (check,) = (rest for name, rest in _instructions(root) if name == "HEALTHCHECK")
    program = yaml.safe_load(check[check.index("CMD") + 3 :])
    assert program[:2] == ["python", "-c"]
    compile(program[2], "HEALTHCHECK", "exec")
    (port,) = (rest for name, rest in _instructions(root) if name == "EXPOSE")
    assert f":{port}/healthz" in program[2]
    routes = "".join(path.read_text(encoding="utf-8") for path in (root / "bot" / "web").glob("*.py"))
    assert '"/healthz"' in routes


def test_images_are_pinned_and_the_user_is_not_root(root: Path, compose: dict[str, Any]) -> None:
    """No `latest`, the same base for both stages, and a numeric user other than 0."""
    bases = [rest.split()[0] for name, rest in _instructions(root) if name == "FROM"]
    assert len(set(bases)) == 1
    assert re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", bases[0])
    assert re.search(r":\d+\.\d+\.\d+", compose["services"]["redis"]["image"])
    (user,) = (rest for name, rest in _instructions(root) if name == "USER")
    assert int(user.split(":")[0]) > 0


def test_compose_sets_settings_that_exist(root: Path, compose: dict[str, Any]) -> None:
    """Every HELPDESK_BOT__ variable in compose.yaml and the Dockerfile loads as settings."""
    environ = {key: str(value) for key, value in compose["services"]["bot"]["environment"].items()}
    for name, rest in _instructions(root):
        if name == "ENV":
            environ.update(
                pair.split("=", 1) for pair in shlex.split(rest) if pair.startswith("HELPDESK_BOT")
            )
    settings = load_settings(None, environ)
    assert settings.redis.url.get_secret_value() == "redis://redis:6379/0"
    assert settings.web.port == 8080
    assert settings.data_dir == Path("/data")


def test_compose_mounts_only_volumes_that_it_declares(compose: dict[str, Any]) -> None:
    """Named volumes are declared, and the bot waits for a healthy Redis."""
    for service in compose["services"].values():
        for mount in service["volumes"]:
            assert mount.split(":")[0] in compose["volumes"]
    assert compose["services"]["bot"]["depends_on"]["redis"]["condition"] == "service_healthy"
    assert "healthcheck" in compose["services"]["redis"]


def test_redis_never_evicts(compose: dict[str, Any]) -> None:
    """The answer cache bounds itself; a server that evicts would take thread memory with it."""
    command = compose["services"]["redis"]["command"]
    assert command[command.index("--maxmemory-policy") + 1] == "noeviction"


def test_the_sample_in_compose_is_where_the_image_has_it(root: Path, compose: dict[str, Any]) -> None:
    """Without a config the container answers from the sample help centre, at the path of the installed package."""
    sources = yaml.safe_load(compose["services"]["bot"]["environment"]["HELPDESK_BOT__SOURCES"])
    (environment,) = {
        rest.split()[-1].strip() for name, rest in _instructions(root) if rest.startswith("python -m venv")
    }
    base = next(rest for name, rest in _instructions(root) if name == "FROM")
    version = re.search(r"python:(3\.\d+)", base)
    assert version
    prefix = f"{environment}/lib/python{version[1]}/site-packages/"
    for source in sources:
        assert source["path"].startswith(prefix)
        assert (root / source["path"].removeprefix(prefix)).is_dir()


def test_constraints_pin_torch_and_every_dependency(root: Path) -> None:
    """What pyproject asks for is pinned, so that two installations are the same."""
    pinned = {
        line.split("==")[0].lower().replace("_", "-")
        for line in (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line and not line.startswith("#")
    }
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *functools.reduce(operator.iadd, project["optional-dependencies"].values(), []),
    ]
    names = {re.match(r"[A-Za-z0-9._-]+", line)[0].lower().replace("_", "-") for line in wanted}  # type: ignore[index]
    assert names <= pinned, names - pinned


def test_make_help_lists_every_target(root: Path) -> None:
    """`make` alone says what there is."""
    shown = subprocess.run(["make", "-s"], cwd=root, capture_output=True, text=True, check=True).stdout
    for target in ("run", "test", "check", "bench"):
        assert f"make {target}" in shown


def test_ci_and_pre_commit_call_the_same_targets(root: Path) -> None:
    """.ci/run is valid bash and, like pre-commit, calls `make check`; it calls `make test` as well."""
    script = (root / ".ci" / "run").read_text(encoding="utf-8")
    subprocess.run(["bash", "-n", ".ci/run"], cwd=root, check=True)
    subprocess.run(["sh", "-n", "setup.sh"], cwd=root, check=True)
    assert "make check" in script
    assert "make test" in script
    assert "make check" in (root / ".pre-commit-config.yaml").read_text(encoding="utf-8")
