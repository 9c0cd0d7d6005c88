"""How a question becomes query vectors and keywords. Pure; the embedder embeds `plan_query(text).texts`."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.aliases import in_plain_words, other_names

_MOST_CHARACTERS = 4_000
_REST_WEIGHT = 0.4
"""Of words below the first paragraph: in a mail or a forum post that one is the subject, the rest tells the story."""
_ALIAS_WEIGHT = 0.4
"""Of the other names of what is asked for: less than the words themselves."""
_BRIEF = 20
"""Words of a question that is put in a sentence or two; who writes more says it in several words already."""


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """What to search for: `texts` are embedded, and `weights` (summing to 1) say how much each counts.

    `keywords` are texts for keyword search, each with the weight of its terms.
    """

    texts: tuple[str, ...]
    weights: tuple[float, ...]
    keywords: tuple[tuple[str, float], ...]


def plan_query(text: str) -> QueryPlan:
    """Plan the search for a question of any length; the same text always gives the same plan."""
    whole = text.strip()[:_MOST_CHARACTERS]
    lead, _, rest = whole.partition("\n\n")
    keywords = ((lead, 1.0), (rest, _REST_WEIGHT)) if rest.strip() else ((whole, 1.0),)
    aliases = other_names(whole) if len(whole.split()) <= _BRIEF else ""
    plain = ""
    if aliases:
        keywords = (*keywords, (aliases, _ALIAS_WEIGHT))
        plain = in_plain_words(whole)
    texts = (whole, plain) if plain else (whole,)
    return QueryPlan(texts=texts, weights=(1.0 / len(texts),) * len(texts), keywords=keywords)
