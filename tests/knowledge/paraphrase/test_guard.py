"""The guard serves a kept answer for another question only where both ask the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.paraphrase.guard import load_guard

NEAR = 0.97
"""A cosine at which nothing but a rule says that two questions differ."""

DIFFERENT = (
    ("numbers", "How do I add 5 users?", "How do I add 50 users?"),
    ("numbers", "What is new in version 2.1?", "What is new in version 2.2?"),
    ("numbers", "What does error E101 mean?", "What does error E102 mean?"),
    ("numbers", "Can I change it within three days?", "Can I change it within 14 days?"),
    ("units", "Is there a limit of 5 MB for files?", "Is there a limit of 5 GB for files?"),
    ("platforms", "How do I install the app on Windows?", "How do I install the app on a Mac?"),
    ("platforms", "How do I install the app?", "How do I install the app on Android?"),
    ("kinds", "How do I clear the cache in Chrome?", "How do I clear the cache in Firefox?"),
    ("kinds", "How do I export a report as PDF?", "How do I export a report as CSV?"),
    ("kinds", "Can an owner delete a project?", "Can a guest delete a project?"),
    ("marks", "How do I share a calendar?", "How do I share a team calendar?"),
    ("negation", "Why is my card accepted?", "Why is my card not accepted?"),
    ("negation", "Can I log in from home?", "I can't log in from home"),
    ("opposites", "How do I enable notifications?", "How do I disable notifications?"),
    ("opposites", "How do I turn on dark mode?", "How do I turn dark mode off?"),
    ("opposites", "Can I cancel before the trial ends?", "Can I cancel after the trial ends?"),
    ("opposites", "How do I log in?", "How do I log out?"),
    ("forms", "How do I verify my identity?", "Why do I have to verify my identity?"),
    ("forms", "How long does a refund take?", "How much does a refund cost?"),
    ("forms", "Who can change the plan?", "How do I change the plan?"),
    ("verbs", "Where do I change my PIN?", "Where do I find my PIN?"),
    ("names", "Is the server Kestrelon down?", "Is the server Marblewick down?"),
    ("literals", "What does `reindex --all` do?", "What does `reindex --force` do?"),
    ("swapped", "How do I move data from Trello to Jira?", "How do I move data from Jira to Trello?"),
    (
        "swapped",
        "I want to transfer my domain to another host",
        "I want to transfer my domain from another host",
    ),
    ("kinds", "How do I make the header black?", "How do I make the header white?"),
    ("swapped", "How do I convert a guest to a member?", "How do I convert a member to a guest?"),
    ("signs", "What is the price in €?", "What is the price in $?"),
    ("signs", "Is the limit > 5 GB?", "Is the limit < 5 GB?"),
    ("signs", "What happens at -5 degrees?", "What happens at 5 degrees?"),
    ("signs", "What is in the A plan?", "What is in the A+ plan?"),
    ("signs", "How do I add a 👍 reaction?", "How do I add a 👎 reaction?"),
    ("letters", "Does plan A include SSO?", "Does plan B include SSO?"),
    ("letters", "How do I merge A into B?", "How do I merge B into A?"),
    ("letters", "How do I format drive c?", "How do I format drive d?"),
    ("swapped", "Does the app block ads?", "Do ads block the app?"),
    ("swapped", "Can my boss read my messages?", "Can I read my boss's messages?"),
    ("swapped", "Can a manager see an employee's file?", "Can an employee see a manager's file?"),
    ("swapped", "How do I see who I blocked?", "How do I see who blocked me?"),
    ("swapped", "Who can see my posts?", "Whose posts can I see?"),
    ("opposites", "Why is the bill higher?", "Why is the bill lower?"),
)
SAME = (
    ("How do I reset my password?", "hi, how can I reset my password please?"),
    ("How do I reset my password?", "Could you tell me how to reset my password? Thanks"),
    ("How do I reset my password?", "I'd like to reset my password"),
    ("My invoice hasn't arrived", "my invoice has not arrived"),
    ("How do I sign in?", "how do i log in"),
    ("Do you know if there's a mobile app?", "Is there a mobile app?"),
    ("Can I use my card everywhere?", "Can my card be used everywhere?"),
    ("How do I reset a password? 🙏", "How do I reset a password?"),
    ("Can I cancel an order today?", "Is it possible to cancel an order today?"),
)


@pytest.mark.parametrize(("kind", "one", "other"), DIFFERENT)
def test_tells_what_differs(kind: str, one: str, other: str) -> None:
    """Each kind of difference is seen, and named."""
    reasons = load_guard().compare(one, other, NEAR).reasons
    assert kind in {reason.split(":")[0] for reason in reasons}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_sees_no_difference_in_another_wording(one: str, other: str) -> None:
    """Courtesy, contractions, case and form do not make another question."""
    verdict = load_guard().compare(one, other, NEAR)
    assert verdict.same, verdict


def test_far_vectors_are_another_question() -> None:
    """Where no rule sees a difference, the vectors may."""
    verdict = load_guard().compare("How do I renew a licence?", "How can I get a certificate renewed?", 0.5)
    assert [reason.split(":")[0] for reason in verdict.reasons] == ["far"]


def test_another_language_needs_the_same_words() -> None:
    """The rules know English; in German only the order of the words may be another."""
    guard = load_guard()
    assert not guard.compare(
        "Wie kündige ich meinen Vertrag?", "Wie verlängere ich meinen Vertrag?", 0.99
    ).same
    assert guard.compare("Wie kündige ich meinen Vertrag?", "wie kündige ich meinen vertrag", 0.99).same


ASKED = st.sampled_from(
    [text for row in DIFFERENT for text in row[1:]] + [text for row in SAME for text in row]
)


@given(one=ASKED, other=ASKED, cosine=st.floats(-1, 1))
@settings(max_examples=300)
def test_is_symmetric(one: str, other: str, cosine: float) -> None:
    """It does not matter which of two questions was asked first."""
    guard = load_guard()
    there, back = guard.compare(one, other, cosine), guard.compare(other, one, cosine)
    assert there.same == back.same
    assert there.score == pytest.approx(back.score)
    assert len(there.reasons) == len(back.reasons)


@given(text=st.text(max_size=80), other=st.text(max_size=80), cosine=st.floats(-1, 1))
@settings(max_examples=300)
def test_takes_any_text(text: str, other: str, cosine: float) -> None:
    """Whatever is asked, there is a verdict, and it is the same both ways."""
    guard = load_guard()
    assert guard.compare(text, other, cosine).same == guard.compare(other, text, cosine).same


@given(text=ASKED)
def test_a_question_is_the_same_as_itself(text: str) -> None:
    """Case, spaces and a closing mark change nothing, whatever the vectors say."""
    assert load_guard().compare(text, f"  {text.upper().rstrip('?').replace(' ', '  ')} ", 0.1).same
    assert load_guard().compare(text, text, 0.1).same


@given(
    form=st.sampled_from(
        ["How do I add {} users?", "Is {} the limit?", "Error {} when I log in", "v{} is slow"]
    ),
    one=st.integers(0, 10_000),
    other=st.integers(0, 10_000),
)
def test_another_number_is_always_a_difference(form: str, one: int, other: int) -> None:
    """Two questions with different numbers are never one."""
    verdict = load_guard().compare(form.format(one), form.format(other), 1.0)
    assert verdict.same == (one == other)
