"""What can go wrong with a chat platform.

ConnectorError
├── ConnectorConfigError     a token or a setting is missing or refused; said once at start, in one line
└── DeliveryError            a reply could not be delivered
"""


class ConnectorError(Exception):
    """Base of all errors of this package; the message names the object and the remedy."""


class ConnectorConfigError(ConnectorError):
    """The platform cannot be used with this configuration."""


class DeliveryError(ConnectorError):
    """A reply could not be delivered."""
