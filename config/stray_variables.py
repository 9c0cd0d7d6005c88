"""Variables that were meant for the bot but are not read: HELPDESK_BOT_ with one underscore."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from config.keys import PREFIX, environment_name
from config.nearest import is_likely, nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from config.keys import KeyPath

CONFIG_VARIABLE = "HELPDESK_BOT_CONFIG"

_OURS = PREFIX.removesuffix("_")
_SERVICE = re.compile(r"(_SERVICE_HOST|_SERVICE_PORT(_\w+)?|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$")
_SERVICE_ADDRESS = re.compile(r"(tcp|udp|sctp)://")


def stray_variables(environ: Mapping[str, str], paths: Collection[KeyPath]) -> Iterator[str]:
    """Find each variable that begins with HELPDESK_BOT_ and is never read, and name what was meant.

    What Kubernetes sets for a service whose name begins with `helpdesk-bot` is left alone.
    """
    for name in sorted(environ):
        is_read = name.startswith(PREFIX) or name == CONFIG_VARIABLE
        if name.startswith(_OURS) and not is_read and not _is_of_kubernetes(name, environ[name]):
            yield f"{name} is not a setting; {_suggestion(name, paths)}"


def _is_of_kubernetes(name: str, value: str) -> bool:
    is_address = name.endswith("_PORT") and _SERVICE_ADDRESS.match(value)
    return bool(is_address or _SERVICE.search(name))


def _suggestion(name: str, paths: Collection[KeyPath]) -> str:
    known = {environment_name(path).removeprefix(PREFIX).replace("__", "_"): path for path in paths}
    word = name.removeprefix(_OURS).replace("__", "_")
    if word in known:
        return f"write {environment_name(known[word])}, with two underscores"
    guess = nearest(word, [*known, "CONFIG"]) or "CONFIG"
    variable = environment_name(known[guess]) if guess in known else CONFIG_VARIABLE
    if is_likely(word, guess):
        return f"did you mean {variable}?"
    return f"settings begin with {PREFIX} (two underscores); the nearest is {variable}"
