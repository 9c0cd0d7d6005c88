"""Forms as modals within Discord's limits, and back, with nothing lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.discord.format import length
from connectors.discord.modals import TEXT_LIMIT, cut, joined, submitted, to_modal
from connectors.forms import Choice, Field, Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LONG = st.text(alphabet="ab \n😀", max_size=60).map(lambda text: text * 300)


def components(modal: Any) -> list[dict[str, Any]]:
    """Give what stands in a modal, as it is sent."""
    found: list[dict[str, Any]] = modal.to_dict()["components"]
    return found


def sent_back(modal: Any) -> Mapping[str, Any]:
    """Give what Discord sends when nothing was changed: blanks at both ends of an input may be gone."""

    def values() -> Iterator[dict[str, Any]]:
        for label in components(modal):
            inner = label["component"]
            if inner["type"] == 3:
                chosen = [option["value"] for option in inner["options"] if option.get("default")]
                yield {"type": 18, "component": {"custom_id": inner["custom_id"], "values": chosen}}
            else:
                value = inner.get("value", "")
                yield {"type": 18, "component": {"custom_id": inner["custom_id"], "value": value}}

    return {"custom_id": modal.custom_id, "components": list(values())}


@given(LONG)
def test_a_text_that_is_cut_and_joined_is_the_same(text: str) -> None:
    """Nothing is lost, and every piece fits into an input."""
    pieces = cut(text)
    assert all(length(piece) <= TEXT_LIMIT for piece, _ in pieces)
    named = [(f"text~{place}{letter}", piece) for place, (piece, letter) in enumerate(pieces[:9])]
    if len(pieces) < 10:
        assert joined(named).get("text", "") == text


def test_a_form_comes_back_as_it_was_filled_in() -> None:
    """Lines, a text of many inputs and a choice; the command and its arguments stand in the custom id."""
    text = (
        "\n\n".join(f"Paragraph {number}. " + "word " * 300 for number in range(6))
        .replace(" \n", "\n")
        .strip()
    )
    form = Form(
        "edit",
        "Edit an article whose title is much too long for Discord",
        (
            Field("title", "Title", "Reset it"),
            Field("text", "Text", text, "text", hint="In Markdown"),
            Field(
                "audience",
                "Who reads it",
                "internal",
                "choice",
                (Choice("Us", "internal"), Choice("All", "public")),
            ),
        ),
        arguments="local/a1",
    )
    modal = to_modal(form, form.arguments)
    assert modal is not None
    assert len(components(modal)) == 5
    assert len(modal.title) <= 45
    back = submitted(sent_back(modal))
    assert back is not None
    assert (back.command, back.arguments) == ("edit", "local/a1")
    assert back.fields == {"title": "Reset it", "text": text, "audience": "internal"}


def test_a_text_that_nearly_fills_its_input_may_go_on() -> None:
    """Somebody who wants to add a paragraph finds room for it; what stays empty adds nothing."""
    form = Form("edit", "Edit", (Field("text", "Text", "word " * 700, "text"),))
    modal = to_modal(form, "")
    assert modal is not None
    first, second = components(modal)
    assert first["component"]["required"] is True
    assert second["component"]["required"] is False
    back = submitted(sent_back(modal))
    assert back is not None
    assert back.fields == {"text": "word " * 700}
    filled: list[tuple[str, str]] = [
        (first["component"]["custom_id"], "one"),
        (second["component"]["custom_id"], "two"),
    ]
    assert joined(filled) == {"text": "one\n\ntwo"}


@pytest.mark.parametrize(
    "fields",
    [
        (Field("text", "Text", "word " * 4_100, "text"),),
        (Field("title", "Title", "t" * 4_001),),
        tuple(Field(f"f{number}", "Field") for number in range(6)),
    ],
)
def test_what_does_not_fit_is_no_modal(fields: tuple[Field, ...]) -> None:
    """It is not shown in part: what is missing would be taken for removed."""
    assert to_modal(Form("edit", "Edit", fields), "") is None


def test_fields_that_need_no_answer_give_way() -> None:
    """Five fit; the last of those that may stay empty, and are, are left out: of the others it would be a change."""
    fields = tuple(Field(f"f{number}", "Field", required=number < 3) for number in range(7))
    kept = Form(
        "edit",
        "Edit",
        (*fields[:3], *(Field(f"f{number}", "Field", "x", required=False) for number in (3, 4, 5))),
    )
    assert to_modal(kept, "") is None
    modal = to_modal(Form("edit", "Edit", fields), "")
    assert modal is not None
    assert [label["component"]["custom_id"] for label in components(modal)] == ["f0", "f1", "f2", "f3", "f4"]


def test_a_choice_of_many_keeps_what_is_chosen() -> None:
    """Discord shows twenty-five."""
    options = tuple(Choice(f"Option {number}", str(number)) for number in range(40))
    modal = to_modal(Form("x", "X", (Field("kind", "Kind", "39", "choice", options),)), "")
    assert modal is not None
    (label,) = components(modal)
    shown = label["component"]["options"]
    assert len(shown) == 25
    assert [option["value"] for option in shown if option.get("default")] == ["39"]


def test_what_is_no_form_of_ours_is_left_alone() -> None:
    """Another part of the application may have modals too."""
    assert submitted({"custom_id": "other:1", "components": []}) is None
