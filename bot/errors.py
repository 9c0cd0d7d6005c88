"""What can go wrong in the application itself.

BotError
├── NothingToRun      no connector is configured and no web port is set
├── CommandError      a command cannot be done as it was asked; the message is shown to whoever asked
│   └── NotAllowed      it takes an admin
├── WebServerError    the web server cannot take its port
└── ValkeyError       the embedded Valkey cannot be started
"""


class BotError(Exception):
    """Base of all errors of this package; the message names the object and the remedy."""


class NothingToRun(BotError):  # noqa: N818 - the name says the fact
    """No connector is configured and no web port is set."""


class CommandError(BotError):
    """A command cannot be done as it was asked; its message goes to whoever asked."""


class NotAllowed(CommandError):  # noqa: N818
    """The command takes an admin."""


class WebServerError(BotError):
    """The web server cannot take its port."""


class ValkeyError(BotError):
    """The embedded Valkey cannot be started; the message says why and what to do."""


class ShuttingDown(BotError):  # noqa: N818
    """The bot is being stopped and takes no more events."""
