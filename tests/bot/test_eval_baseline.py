"""`helpdesk-bot eval` over the shipped sample, against the committed baseline; what a regression looks like."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.bot.cli_desk import PROGRAM, Desk

SAMPLE = Path(__file__).resolve().parents[2] / "knowledge" / "samples" / "help_centre"
BASELINE = Path(__file__).with_name("sample_baseline.json")
QUESTIONS = [
    {
        "question": "How do I reset my password?",
        "gold_article_ids": ["reset-password.md"],
        "topic": "account",
    },
    {
        "question": "how can I cancel an invoice",
        "gold_article_ids": ["cancel-invoice.md"],
        "topic": "billing",
    },
    {"question": "best pizza in Rome", "gold_article_ids": [], "kind": "unanswerable"},
    {
        "first": "how do I export my data?",
        "turns": [
            {
                "said": "as a zip file?",
                "standalone": "is the export a zip file",
                "gold_article_ids": ["export.md"],
            }
        ],
    },
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Desk:
    """A desk that was synced once."""
    desk = Desk(tmp_path_factory.mktemp("desk"), request.config.cache.mkdir("embedding-models"))
    assert desk.run("sync").returncode == 0
    (desk.root / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    return desk


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_sample_is_no_worse_than_its_baseline(desk, tmp_path):
    """Retrieval, gate, grounding, follow-ups and personas; `make baseline` makes it anew where a change is meant."""
    config = tmp_path / "helpdesk-bot.toml"
    config.write_text(
        f'data_dir = "{tmp_path / "data"}"\n[[sources]]\nname = "bench"\ntype = "folder"\n'
        f'path = "{SAMPLE}"\naudience = ["public"]\n'
    )
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "models").symlink_to(desk.data / "models")
    given = ["--conversations", str(SAMPLE / "follow_ups.jsonl"), "--baseline", str(BASELINE)]
    done = subprocess.run(
        [
            PROGRAM,
            "--config",
            config,
            "eval",
            SAMPLE / "questions.jsonl",
            *given,
            "--report",
            tmp_path / "report.html",
        ],
        capture_output=True,
        env=desk.environ(),
        timeout=540,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "Nothing is worse than" in done.stderr
    page = (tmp_path / "report.html").read_text()
    assert page.count("<svg") >= 5
    assert "<script" not in page


def test_everything_is_measured_and_compared(desk):
    """What --save wrote is a baseline for the same set, and for no other."""
    saved = desk.root / "saved.json"
    measured = desk.json("eval", "questions.jsonl", "--save", saved)
    assert json.loads(saved.read_text()) == measured
    assert measured["follow_ups"] == {"n": 1, "recall_at_5": 1, "in_full": 1, "as_said": 1, "ratio": 1}
    assert measured["grounding"]["sentences_held"] == 1
    assert {"friendly", "concise", "formal"} <= set(measured["personas"])
    assert set(measured["topics"]) == {"account", "billing"}
    assert set(measured["steps_ms"]) == {"retrieve and judge", "answer", "whole"}
    assert "cost" not in measured
    assert desk.run("eval", "questions.jsonl", "--baseline", saved).returncode == 0
    (desk.root / "other.jsonl").write_text(json.dumps(QUESTIONS[0]) + "\n")
    done = desk.run("eval", "other.jsonl", "--baseline", saved, "--no-answers")
    assert done.returncode == 1
    assert "other questions; make a new one" in done.stderr


def test_a_regression_fails_and_is_named(desk):
    """With its old and new value and its tolerance; a tolerance that is given decides."""
    better = desk.json("eval", "questions.jsonl", "--no-answers")
    assert "grounding" not in better
    better["ndcg_at_10"] = 1.7
    baseline = desk.root / "better.json"
    baseline.write_text(json.dumps(better))
    arguments = ("eval", "questions.jsonl", "--no-answers", "--baseline", baseline)
    done = desk.run(*arguments)
    assert done.returncode == 1
    assert "ndcg_at_10: 1.7 before, 1 now, tolerance 0.5" in done.stderr
    assert desk.run(*arguments, "--tolerance", "ndcg_at_10=0.8").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--baseline", "gone.json"), "cannot be read"),
        (("--tolerance", "much"), "write a number"),
        (("--tolerance", "latency_ms.p50=1"), "is not compared"),
        (("--conversations", "gone.jsonl"), "cannot be read"),
        (("--save", "gone/saved.json"), "cannot be written"),
    ],
)
def test_what_cannot_be_is_said_before_a_question_is_asked(desk, arguments, said):
    """That is bad usage."""
    done = desk.run("eval", "questions.jsonl", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr.replace("\n", " ")


def test_without_articles_nothing_is_measured(tmp_path, request):
    """Noughts all over would look like a verdict; the error says what is missing and how to mend it."""
    empty = Desk(tmp_path, request.config.cache.mkdir("embedding-models"))
    (empty.root / "helpdesk-bot.toml").write_text(f'data_dir = "{empty.data}"\n')
    (empty.root / "questions.jsonl").write_text(json.dumps(QUESTIONS[0]) + "\n")
    done = empty.run("eval", "questions.jsonl")
    assert (done.returncode, done.stdout) == (1, "")
    assert "there is nothing to measure" in done.stderr


def test_expected_articles_that_there_are_none_of_are_named(desk, tmp_path):
    """Else a typing error in the file would pass for bad retrieval; the report says it beside the question."""
    wrong = QUESTIONS[0] | {"gold_article_ids": ["reset-pasword.md"]}
    (desk.root / "wrong.jsonl").write_text(json.dumps(wrong) + "\n")
    done = desk.run("eval", "wrong.jsonl", "--no-answers", "--report", tmp_path / "report.html")
    assert done.returncode == 0
    assert "1 of the articles in gold_article_ids are not in the library" in done.stderr.replace("\n", " ")
    assert "reset-pasword.md" in done.stderr
    assert "Not among the articles." in (tmp_path / "report.html").read_text()
