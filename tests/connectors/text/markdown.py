"""CommonMark of all kinds, made by hypothesis: paragraphs, lists, links, and code in fences."""

from __future__ import annotations

from hypothesis import strategies as st

WORDS = st.text(
    st.characters(codec="utf-8", exclude_characters="`~<>[]()\\*_&|@#!\n\r", exclude_categories=["Z", "C"]),
    min_size=1,
    max_size=12,
)
SENTENCE = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
LINK = st.builds(
    "[{}](https://help.example.com/articles/{})".format, WORDS, st.integers(min_value=0, max_value=10**9)
)
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
