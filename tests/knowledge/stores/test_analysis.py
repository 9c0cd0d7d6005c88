"""Terms of keyword search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.stores.analysis import Analyzer, stemmer_language


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Exporting exports", ["export", "export"]),
        ("ERR_504", ["err_504", "err", "504"]),
        ("acme.ovpn.", ["acme.ovpn", "acm", "ovpn"]),
        ("C++ and C#", ["c++", "c", "and", "c#", "c"]),
        ("don't the user's", ["dont", "the", "user"]),
        ("Ａ１", ["a1"]),
        ("パスワード", ["パス", "スワ", "ワー", "ード"]),
        ("重置VPN密码", ["重置", "vpn", "密码"]),
        ("字", ["字"]),
        ("🙂 ?!", []),
    ],
)
def test_terms(text, terms):
    """Words are stemmed, codes stay whole and in parts, scripts without spaces become pairs of characters."""
    assert Analyzer().terms(text, "english") == terms


def test_languages_are_stemmed_by_their_own_rules():
    """German plurals meet their singular; an unknown language is treated as English, in texts and questions alike."""
    analyzer = Analyzer()
    assert analyzer.terms("Rechnungen", stemmer_language("de-AT")) == analyzer.terms("Rechnung", "german")
    assert stemmer_language("xx") == stemmer_language(None) == "english"


@given(st.text(max_size=200))
def test_any_text_has_terms_without_spaces_and_of_bounded_length(text):
    """No input breaks it."""
    assert all(term and not term.isspace() and len(term) <= 64 for term in Analyzer().terms(text, "english"))
