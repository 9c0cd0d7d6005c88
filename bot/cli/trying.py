"""`helpdesk-bot articles preview|try`."""

from pathlib import Path

from typer import BadParameter

from bot.app import App
from bot.cli.asking import answer_json
from bot.cli.output import note, print_json, say
from bot.cli.runtime import execute, settings_from
from knowledge.stores.blocks import plain_text


def preview_one(config: Path | None, name: str, *, as_json: bool) -> int:
    """Print the passages of one article."""

    async def work(app: App) -> int:
        article = await (await app.changes()).find(name, None)
        cuts = await app.preview().cuts(article)
        if as_json:
            print_json(
                [
                    {
                        "position": cut.passage.position,
                        "heading_path": cut.passage.heading_path,
                        "text": cut.passage.text,
                        "tokens": cut.tokens,
                    }
                    for cut in cuts
                ]
            )
            return 0
        for cut in cuts:
            heading = " > ".join(cut.passage.heading_path) or article.title
            say(f"{cut.passage.position + 1}. {heading} ({cut.tokens} tokens)")
            say(f"   {' '.join(plain_text(cut.passage.text).split())}")
        note(f"{len(cuts)} passages, of at most {app.preview().most_tokens} tokens each")
        return 0

    return execute(settings_from(config), work)


def try_file(
    config: Path | None, file: Path, question: str, *, audience: frozenset[str] | None, as_json: bool
) -> int:
    """Answer a question as if the file's article were published."""
    if not file.expanduser().is_file():
        raise BadParameter(f"there is no file {file}")

    async def work(app: App) -> int:
        draft = await app.read_file(file)
        outcome = await (await app.rehearsal()).answer(draft, question, audience)
        if as_json:
            print_json(answer_json(outcome.answer) | {"cites_draft": outcome.cites_draft})
            return 0
        say(outcome.answer.text)
        quotes = "quotes" if outcome.cites_draft else "does not quote"
        note(
            f"{outcome.answer.verdict.value}, confidence {outcome.answer.confidence:.2f}; it {quotes} the draft "
            f"“{draft.title}”. Nothing of it was kept."
        )
        return 0

    return execute(settings_from(config), work)
