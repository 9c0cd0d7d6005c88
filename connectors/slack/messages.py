"""A reply as Slack messages: blocks within Slack's limits, and a fallback text. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connectors.slack.mrkdwn import escape, fallback, link, without_mentions
from connectors.text.links import with_honest_links
from connectors.text.splitting import SHORTEST_LIMIT, split

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from connectors.base import Action, Link, Reply

Block = dict[str, Any]

MARKDOWN_LIMIT = 12_000
"""Of all markdown blocks of a message: docs.slack.dev/reference/block-kit/blocks/markdown-block."""
TEXT_LIMIT = 3_000
CONTEXT_ELEMENTS = 10
ACTION_ELEMENTS = 25
LINK_LIMIT = 300
BUTTON_LIMIT = 75
VALUE_LIMIT = 2_000

ACTION_PREFIX = "helpdesk:"
"""Every button's action id begins so; what follows is the action's name."""
RATING = f"{ACTION_PREFIX}rating"
STYLES = {"confirm": "primary", "draft_send": "primary", "draft_discard": "danger"}
"""Of buttons that decide something, by the action's name."""
HELPFUL, NOT_HELPFUL = "helpful", "not_helpful"


@dataclass(frozen=True, slots=True)
class Message:
    """One message to post: `text` is for notifications and clients without blocks."""

    text: str
    blocks: tuple[Block, ...]


def to_messages(reply: Reply) -> list[Message]:
    """Give the messages that show a reply, in order; links and buttons are on the last."""
    texts = markdown_pieces(reply.text)
    ending = (*context(reply.links), *_buttons(reply.actions))
    if not texts and not ending:
        return []
    messages = [Message(fallback(text), (_markdown(text),)) for text in texts] or [Message("", ())]
    last = messages.pop()
    words = last.text or ", ".join(escape(each.title) for each in reply.links)[:TEXT_LIMIT] or "…"
    return [*messages, Message(words, (*last.blocks, *ending))]


def markdown_pieces(text: str) -> list[str]:
    """Give the text in pieces that a markdown block takes, with harmless mentions and honest links."""
    honest = with_honest_links(text)
    limit = MARKDOWN_LIMIT
    while True:
        pieces = [without_mentions(piece.text) for piece in split(honest, limit)]
        over = max((len(piece) for piece in pieces), default=0) - MARKDOWN_LIMIT
        if over <= 0:
            return pieces
        limit = max(SHORTEST_LIMIT, limit - over)


def _markdown(text: str) -> Block:
    return {"type": "markdown", "text": text}


def context(links: Sequence[Link]) -> Iterator[Block]:
    """Give the blocks that show the sources of a reply."""
    lines = [_line(number, each) for number, each in enumerate(links[:LINK_LIMIT], 1)]
    if len(links) > LINK_LIMIT:
        lines.append(f"and {len(links) - LINK_LIMIT} more")
    for start in range(0, len(lines), CONTEXT_ELEMENTS):
        elements = [
            {"type": "mrkdwn", "text": line, "verbatim": True}
            for line in lines[start : start + CONTEXT_ELEMENTS]
        ]
        yield {"type": "context", "elements": elements}


def _line(number: int, shown: Link) -> str:
    note = f" · {escape(shown.note[:200])}" if shown.note else ""
    title = without_mentions(shown.title)
    for words, url in ((title, shown.url), (title[:200], shown.url), (title[:200], None)):
        line = f"[{number}] {link(words, url)}{note}"
        if len(line) <= TEXT_LIMIT:
            return line
    return f"[{number}]"


def _buttons(actions: Sequence[Action]) -> Iterator[Block]:
    """Make Slack's own feedback buttons of the two ratings, and plain buttons of the rest."""
    named = {action.name: action for action in actions}
    rest = list(actions)
    if HELPFUL in named and NOT_HELPFUL in named:
        rest = [action for action in actions if action.name not in {HELPFUL, NOT_HELPFUL}]
        yield {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": RATING,
                    "positive_button": _rating(named[HELPFUL]),
                    "negative_button": _rating(named[NOT_HELPFUL]),
                }
            ],
        }
    yield from plain_buttons(rest)


def plain_buttons(actions: Sequence[Action]) -> Iterator[Block]:
    """Give the blocks of buttons that are like any other app's."""
    for start in range(0, len(actions), ACTION_ELEMENTS):
        row = [
            _button(action, place) for place, action in enumerate(actions[start : start + ACTION_ELEMENTS])
        ]
        yield {"type": "actions", "elements": row}


def _rating(action: Action) -> dict[str, Any]:
    return {"text": _plain(action.label), "value": f"{action.name} {action.value}"[:VALUE_LIMIT]}


def _button(action: Action, place: int) -> dict[str, Any]:
    button = {
        "type": "button",
        "action_id": f"{ACTION_PREFIX}{action.name}:{place}"[:255],
        "text": _plain(action.label),
    }
    if action.name in STYLES:
        button["style"] = STYLES[action.name]
    return {**button, "value": action.value[:VALUE_LIMIT]} if action.value else button


def _plain(label: str) -> dict[str, Any]:
    words = label.strip() or "…"
    short = words if len(words) <= BUTTON_LIMIT else f"{words[: BUTTON_LIMIT - 1]}…"
    return {"type": "plain_text", "text": short, "emoji": True}
