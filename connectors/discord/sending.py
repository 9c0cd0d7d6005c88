"""Posts as what discord.py sends: nonces, buttons, nobody called."""

from __future__ import annotations

from typing import Any

import discord

from connectors.discord.format import Button, Post, is_growing

NONCE_LIMIT = 25


def nonce_of(identity: str, part: int) -> str:
    """Give the nonce of a part of the reply to an event: sent again under it, it is the same post."""
    return f"{identity[: NONCE_LIMIT - 4]}.{part}"


def shown(post: Post) -> dict[str, Any]:
    """Give a post as what discord.py's send methods take; it calls nobody."""
    options: dict[str, Any] = {"allowed_mentions": discord.AllowedMentions.none()}
    if post.content:
        options["content"] = post.content
    if post.embed:
        options["embed"] = discord.Embed(description=post.embed)
    if post.buttons:
        options["view"] = _view(post.buttons)
    return options


def changed(post: Post) -> dict[str, Any]:
    """Give a post as what discord.py's edit methods take: it leaves nothing of what was shown before."""
    return {
        "content": post.content or None,
        "embeds": [discord.Embed(description=post.embed)] if post.embed else [],
        "view": _view(post.buttons) if post.buttons else None,
        "allowed_mentions": discord.AllowedMentions.none(),
    }


async def send(
    place: discord.abc.Messageable,
    post: Post,
    nonce: str | None = None,
    reference: discord.MessageReference | None = None,
) -> str:
    """Send a post, once for a nonce; gives its id."""
    options = shown(post)
    if nonce is not None:
        options["nonce"] = nonce
    if reference is not None:
        options["reference"] = reference
    message = await place.send(**options, mention_author=False)
    if is_growing(message.content) and not is_growing(
        post.content
    ):  # known by its nonce: its beginning was taken, and the response lost
        await message.edit(**changed(post))
    return str(message.id)


def _view(buttons: tuple[Button, ...]) -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    for button in buttons:
        style = discord.ButtonStyle[button.style]
        view.add_item(discord.ui.Button(custom_id=button.custom_id, label=button.label, style=style))
    view.stop()  # else discord.py keeps every view that was ever posted; `views.AnswerButton` serves them all
    return view
