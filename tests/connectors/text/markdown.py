"""CommonMark of all kinds, made by hypothesis: paragraphs, lists, links, and code in fences."""

from __future__ import annotations

from hypothesis import strategies as st

from connectors.text.links import shows_other_host

SITE = "https://help.example.com"
WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="`~<>[]()\\*_&|@#!\n\r", exclude_categories=["Z", "C"]),
    min_size=1,
    max_size=12,
)
SENTENCE = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
TITLES = WORDS.filter(lambda words: not shows_other_host(words, SITE))
"""A title such as "0.aa" would be shown with its address beside it: see test_links.py."""
LINK = st.builds(f"[{{}}]({SITE}/articles/{{}})".format, TITLES, st.integers(min_value=0, max_value=10**9))
LINE = st.lists(st.one_of(SENTENCE, LINK), min_size=1, max_size=5).map(" ".join)
CODE_LINE = st.text(st.characters(codec="ascii", exclude_characters="`\n\r", min_codepoint=32), max_size=90)
FENCE = st.builds(
    "```{}\n{}\n```".format,
    st.sampled_from(["", "python", "sh"]),
    st.lists(CODE_LINE, min_size=1, max_size=60).map("\n".join),
)
LIST = st.lists(LINE, min_size=1, max_size=8).map(lambda lines: "\n".join(f"- {line}" for line in lines))
BLOCK = st.one_of(LINE, LIST, FENCE, st.builds("## {}".format, SENTENCE))


@st.composite
def documents(draw: st.DrawFn, longest: int = 40_000) -> str:
    """Give a whole document of 0 to `longest` characters; blocks are repeated to make it long."""
    blocks = draw(st.lists(BLOCK, max_size=12))
    times = draw(st.integers(min_value=1, max_value=60))
    text = ""
    for block in blocks * times:
        if len(text) + len(block) + 2 > longest:
            break
        text = f"{text}{block}\n\n"
    return text
