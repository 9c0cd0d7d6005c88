"""Slack, by bolt over Socket Mode and the strict fake."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from connectors.slack.connector import SlackConnector
from connectors.slack.messages import ACTION_PREFIX, RATING
from tests.fakes.slack.workspace import APP_TOKEN, BOT_TOKEN, BOT_USER, StoredFile
from tests.parity.driver import Shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bot.app import App
    from bot.delivery import Delivery
    from tests.fakes.slack_server import FakeSlack
    from tests.parity.driver import Who

USERS = {"ana": "U1", "admin": "U2"}
AUTO = "C3"
SETTINGS: dict[str, Any] = {
    "access": {"admins": ["slack:T1/U2"]},
    "channels": [{"id": f"slack:T1/{AUTO}", "mode": "auto"}],
}


class SlackDriver:
    """Ana is U1, the admin U2; C1 is where they ask."""

    name = "Slack"
    lacks: Mapping[str, str] = {}

    def __init__(self, slack: FakeSlack) -> None:
        self.slack = slack
        self.connector = SlackConnector(bot_token=BOT_TOKEN, app_token=APP_TOKEN, api_url=slack.api_url)
        self._delivery: Delivery | None = None

    async def ready(self, app: App) -> None:
        """Wait until the bot is connected."""
        self._delivery = await app.delivery()
        await self.slack.until(self.slack.connections)

    async def ask(self, text: str, who: Who = "ana") -> Shown:
        """Mention the bot."""
        seen = self._seen()
        said = await self.slack.say(USERS[who], f"<@{BOT_USER}> {text}")
        return await self._shown(seen, said["ts"])

    async def go_on(self, shown: Shown, text: str, who: Who = "ana") -> Shown:
        """Write in the thread of the answer."""
        seen = self._seen()
        await self.slack.say(USERS[who], text, thread=shown.raw["thread"])
        return await self._shown(seen, shown.raw["thread"])

    async def click(self, shown: Shown, button: str, who: Who = "ana") -> Shown:
        """Press it."""
        seen = self._seen()
        message = {**shown.raw["message"], "thread_ts": shown.raw["thread"]}
        await self.slack.press(USERS[who], message, shown.buttons[button])
        return await self._shown(seen, shown.raw["thread"])

    async def command(self, name: str, arguments: str = "", who: Who = "admin") -> Shown:
        """Use `/helpdesk`."""
        seen = self._seen()
        await self.slack.command(USERS[who], "/helpdesk", f"{name} {arguments}".strip())
        return await self._shown(seen, None)

    async def fill(self, shown: Shown, values: Mapping[str, str], who: Who = "admin") -> Shown:
        """Send the modal as it opened, but for `values`."""
        seen, view, typed = self._seen(), shown.raw["view"], {}
        for block in view["blocks"]:
            element = block["element"]
            if element["type"] == "static_select":
                state: dict[str, Any] = {"selected_option": element.get("initial_option")}
            else:
                state = {"value": values.get(block["block_id"].split(":")[0], element.get("initial_value"))}
            typed[block["block_id"]] = {"value": {"type": element["type"], **state}}
        await self.slack.submit(USERS[who], view, typed)
        return await self._shown(seen, None)

    async def share(self, files: Sequence[tuple[str, bytes]], who: Who = "admin") -> Shown:
        """Drop the files into the direct conversation with the bot."""
        channel, seen, shared = self.slack.workspace.direct(USERS[who]).id, self._seen(), []
        for number, (name, content) in enumerate(files):
            key = f"F{number}"
            self.slack.workspace.files[key] = StoredFile(
                key, name, content, f"{self.slack.base}/files/{key}", {}
            )
            shared.append({"id": key, "name": name, "size": len(content)})
        await self.slack.say(USERS[who], "", channel, subtype="file_share", files=shared)
        return await self._shown(seen, None)

    async def overhear(self, text: str) -> Shown:
        """Write at the top of a channel where the bot answers by itself."""
        seen = self._seen()
        said = await self.slack.say("U1", text, AUTO)
        return await self._shown(seen, said["ts"])

    def _seen(self) -> tuple[int, int, int]:
        return len(self.slack.calls), len(self.slack.responses), len(self.slack.api.views)

    async def _shown(self, seen: tuple[int, int, int], thread: str | None) -> Shown:
        assert self._delivery is not None
        await self._delivery._idle.wait()
        if len(self.slack.api.views) > seen[2]:
            view = self.slack.api.views[-1]
            return Shown(form=_fields(view), raw={"view": view})
        spoken = {"chat.postMessage", "chat.postEphemeral", "chat.update", "chat.stopStream"}
        calls = [arguments for method, arguments in self.slack.calls[seen[0] :] if method in spoken]
        said = [*calls, *self.slack.responses[seen[1] :]]
        if not said:
            return Shown()
        posts = [post for channel in self.slack.workspace.channels.values() for post in channel.messages]
        message = max((post for post in posts if post.get("bot_id")), key=lambda post: post["ts"], default={})
        shown = max(said, key=lambda each: len(each.get("blocks") or ())) if len(said) == 1 else said[-1]
        raw = {"message": message, "thread": thread}
        return Shown(tuple(map(_words, said)), _buttons(shown.get("blocks") or ()), raw=raw)


def _words(said: Mapping[str, Any]) -> str:
    texts: list[str] = []
    for block in _blocks(said):
        inner = block.get("text")
        if isinstance(inner, str):
            texts.append(inner)
        elif isinstance(inner, dict):
            texts.append(str(inner["text"]))
        texts += [
            str(each["text"]) for each in block.get("elements", ()) if isinstance(each.get("text"), str)
        ]
    return "\n".join(texts) or str(said.get("text", ""))


def _blocks(said: Mapping[str, Any]) -> list[dict[str, Any]]:
    blocks = said.get("blocks") or []
    if isinstance(blocks, str):
        import json  # noqa: PLC0415 - as the Web API may send it

        blocks = json.loads(blocks)
    return list(blocks)


def _buttons(blocks: Any) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for block in _blocks({"blocks": blocks}):
        for element in block.get("elements", ()):
            action = str(element.get("action_id", ""))
            if action == RATING:
                for side in ("positive_button", "negative_button"):
                    value = element[side]["value"]
                    found[value.split(" ")[0]] = {
                        "type": "feedback_buttons",
                        "action_id": action,
                        "value": value,
                    }
            elif action.startswith(ACTION_PREFIX):
                found[action.removeprefix(ACTION_PREFIX).split(":")[0]] = element
    return found


def _fields(view: Mapping[str, Any]) -> dict[str, str]:
    fields: dict[str, str] = {}
    for block in view["blocks"]:
        if block.get("type") == "input":
            name, value = block["block_id"].split(":")[0], block["element"].get("initial_value") or ""
            fields[name] = fields.get(name, "") + value
    return fields
