"""Who works at the command line, as the audit log names them."""

import getpass

from bot.audit import Actor


def operator() -> Actor:
    """Give the account that runs the command."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's number without a name
        name = "operator"
    return Actor(f"cli:{name}", "terminal")
