"""E-mail as the helpdesk: a message to its address, which its own system may turn into a ticket."""

from __future__ import annotations

from email.headerregistry import Address as MailAddress
from email.message import EmailMessage
from email.policy import SMTP
from typing import TYPE_CHECKING, Any

import aiosmtplib

from bot.handoff.tickets import HandoffError, HandoffRefusedError, Ticket

if TYPE_CHECKING:
    from datetime import datetime

    from bot.handoff.tickets import HandoffRequest, TicketState
    from config.handoff import HandoffSettings

SECONDS = 15.0


class EmailDesk:
    """Sends requests by SMTP. Each has a Message-ID of its own (RFC 5322, 3.6.4), by which a repeated one is known."""

    name = "email"

    def __init__(self, settings: HandoffSettings) -> None:
        self._settings = settings

    async def open(self, request: HandoffRequest) -> Ticket:
        """Send the message. Raises HandoffError."""
        try:
            await aiosmtplib.send(self._message(request), **self._server())
        except (aiosmtplib.SMTPAuthenticationError, aiosmtplib.SMTPRecipientsRefused) as error:
            raise HandoffRefusedError(self._failed(error)) from error
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise HandoffError(self._failed(error)) from error
        return Ticket("")

    async def state(self, ticket: Ticket, since: datetime) -> TicketState | None:  # noqa: ARG002 - the protocol
        """Tell nothing: the bot reads no mail."""
        return None

    async def check(self) -> str:
        """Log in, and send nothing. Raises HandoffError."""
        server = self._server()
        user, password = server.pop("username"), server.pop("password")
        try:
            async with aiosmtplib.SMTP(**server) as client:
                if user:
                    await client.login(user, password or "")
        except (aiosmtplib.SMTPException, OSError) as error:
            raise HandoffError(self._failed(error)) from error
        return f"{self._settings.smtp_host} takes mail for {self._settings.recipient}"

    async def close(self) -> None:
        """Close nothing: each message has a connection of its own."""

    def _server(self) -> dict[str, Any]:
        settings = self._settings
        return {
            "hostname": settings.smtp_host,
            "port": settings.smtp_port,
            "username": settings.smtp_user or None,
            "password": settings.smtp_password.get_secret_value() or None,
            "use_tls": settings.smtp_tls == "tls",
            "start_tls": settings.smtp_tls == "starttls",
            "timeout": SECONDS,
        }

    def _message(self, request: HandoffRequest) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"] = self._settings.sender
        message["To"] = self._settings.recipient
        message["Subject"] = "".join(character for character in request.subject if character.isprintable())
        domain = MailAddress(addr_spec=self._settings.sender).domain
        message["Message-ID"] = f"<{request.key}@{domain}>"
        if request.email:
            message["Reply-To"] = request.email
        message.set_content(request.text())
        return message

    def _failed(self, error: Exception) -> str:
        server = f"{self._settings.smtp_host}:{self._settings.smtp_port}"
        return (
            f"the mail server {server} did not take a request: {type(error).__name__}; see [handoff] smtp_*"
        )
