"""Where the bytes of shared files are, for who brings the token."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from tests.fakes.slack_server import FakeSlack

LOGIN_PAGE = "<html>Sign in to your workspace</html>"


class Downloads:
    """Serves files; `redirects` sends a file's reader elsewhere. Without a token it shows the login page."""

    def __init__(self, slack: FakeSlack) -> None:
        self._slack = slack
        self.redirects: dict[str, str] = {}
        self.tokens: list[str] = []

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Give a file's bytes."""
        name = request.match_info["file"]
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        self.tokens.append(token)
        if name in self.redirects and request.match_info["rest"]:
            raise web.HTTPFound(self.redirects[name])
        api = self._slack.apis.get(token)
        if api is None or name not in api.workspace.files:
            return web.Response(text=LOGIN_PAGE, content_type="text/html")
        file = api.workspace.files[name]
        return web.Response(body=file.content, content_type=str(file.to_json()["mimetype"]))
