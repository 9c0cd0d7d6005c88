"""What can go wrong with a chat platform.

ConnectorError
├── ConnectorConfigError     a token or a setting is missing or refused; said once at start, in one line
├── DeliveryError            a reply could not be delivered
└── NotTakenError            an event was not taken; whoever sent it is told what to do
    ├── BusyError            it is to be sent again
    └── RepeatedError        it was answered before
"""


class ConnectorError(Exception):
    """Base of all errors of this package; the message names the object and the remedy."""


class ConnectorConfigError(ConnectorError):
    """The platform cannot be used with this configuration."""


class DeliveryError(ConnectorError):
    """A reply could not be delivered."""


class NotTakenError(ConnectorError):
    """An event was not taken; the message is for whoever sent it."""


class BusyError(NotTakenError):
    """It is to be sent again, as it is."""


class RepeatedError(NotTakenError):
    """It was answered before, and the answer is not kept here."""
