"""`helpdesk-bot ask`, `eval` and `chat`, over real articles with the real model."""

import json
import signal
import socket
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from tests.bot.cli_desk import PROGRAM, Desk

QUESTION = "How do I reset my password?"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Desk:
    """A desk that was synced once; these tests only ask."""
    desk = Desk(tmp_path_factory.mktemp("desk"), request.config.cache.mkdir("embedding-models"))
    assert desk.run("sync").returncode == 0
    return desk


def test_ask_json(desk):
    """The answer as the contract has it: cited, with dates, and found in the cache the second time."""
    answer = desk.json("ask", QUESTION, "--no-cache")
    assert set(answer) == {
        "answer_id",
        "verdict",
        "text",
        "citations",
        "confidence",
        "cache",
        "persona",
        "timings_ms",
    }
    assert answer["verdict"] == "answered"
    assert "Reset password" in answer["text"]
    assert answer["cache"] == "off"
    assert 0 < answer["confidence"] <= 1
    (citation,) = answer["citations"]
    assert set(citation) == {"article_id", "title", "url", "revision", "updated_at", "quote"}
    assert citation["article_id"] == "reset-password.md"
    assert datetime.fromisoformat(citation["updated_at"]).tzinfo is not None
    assert answer["timings_ms"]["total"] > 0


def test_ask_uses_the_cache(desk):
    """The same question is answered from the cache by the next process."""
    words = "how can an invoice be cancelled"
    assert desk.json("ask", words)["cache"] in {"miss", "hit"}
    assert desk.json("ask", words)["cache"] == "hit"


def test_ask_joins_words(desk):
    """A question needs no quotation marks."""
    assert desk.json("ask", *QUESTION.split())["verdict"] == "answered"


def test_ask_plain(desk):
    """For a person: the words and the sources with their dates; for a pipe without colours."""
    done = desk.run("ask", "Within how many days can an invoice be cancelled?", "--persona", "concise")
    assert done.returncode == 0
    assert "14 days" in done.stdout
    assert "https://help.example.com/cancel-invoice (updated" in done.stdout
    assert "\x1b" not in done.stdout


def test_ask_with_a_language_model_that_is_not_there(desk):
    """Nothing listens at its address: the answer is the articles' own, and the log says why."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        done = desk.run(
            "ask", QUESTION, "--json", HELPDESK_BOT__LLM__MODEL="llama3", HELPDESK_BOT__LLM__API_BASE_URL=url
        )
    assert json.loads(done.stdout)["verdict"] == "answered"
    assert "llm_failed" in done.stderr
    assert "unreachable" in done.stderr


def test_ask_for_an_audience(desk):
    """--audience narrows: the operator sees all, the public not what is internal."""
    question = "When is the VPN key rotated?"
    assert "Monday" in desk.json("ask", question)["text"]
    public = desk.json("ask", question, "--audience", "public")
    assert public["verdict"] != "answered"
    assert "Monday" not in json.dumps(public)
    both = desk.json("ask", question, "--audience", "public", "--audience", "internal")
    assert "Monday" in both["text"]


def test_ask_what_no_article_tells(desk):
    """An unanswered question is no failure of the command."""
    answer = desk.json("ask", "What is the airspeed of an unladen swallow?")
    assert answer["verdict"] == "unanswered"
    assert answer["citations"] == []


@pytest.mark.parametrize(
    "question", ["", "   ", "🤷🤷", "x" * 50_000, "\u202e\u0007", "как сбросить пароль?"]
)
def test_ask_odd_questions(desk, question):
    """An empty, an endless, an emoji-only question and another script: a sane answer, never a failure."""
    answer = desk.json("ask", question)
    assert answer["verdict"] != "error"
    assert answer["text"].strip()


def test_ask_syncs_what_never_was(tmp_path, request):
    """The first question of a new desk finds articles, because its sources are synced first."""
    desk = Desk(tmp_path, request.config.cache.mkdir("embedding-models"))
    done = desk.run("ask", QUESTION, "--json")
    assert json.loads(done.stdout)["verdict"] == "answered"
    assert "Synced help" in done.stderr
    assert "Synced" not in desk.run("ask", QUESTION).stderr


def test_ask_while_the_bot_runs(desk):
    """`ask` works, and joins the cache, while `run` holds everything in another process."""
    with subprocess.Popen(
        [PROGRAM, "run"],
        env=desk.environ(HELPDESK_BOT__WEB__PORT="0"),
        stderr=subprocess.PIPE,
        cwd=desk.root,
    ) as running:
        assert running.stderr is not None
        while b"http://" not in (line := running.stderr.readline()):
            assert line
        answer = desk.json("ask", QUESTION)
        running.terminate()
        running.communicate(timeout=30)
    assert answer["verdict"] == "answered"
    assert answer["cache"] != "off"


def test_eval(desk, tmp_path):
    """`eval` measures ranking and abstention, and writes the report."""
    rows = [
        {"question": QUESTION, "gold_article_ids": ["reset-password.md"]},
        {"question": "how to cancel an invoice", "gold_article_ids": ["cancel-invoice.md"]},
        {"question": "how do I export data", "gold_article_ids": ["export.md"]},
        {"question": "best pizza in Rome", "gold_article_ids": [], "kind": "unanswerable"},
    ]
    questions = tmp_path / "questions.jsonl"
    questions.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = tmp_path / "report.html"
    measured = desk.json("eval", questions, "--report", report)
    assert measured["n"] == 4
    assert measured["recall_at_1"] == 1.0
    assert {"recall_at_5", "mrr_at_10", "ndcg_at_10"} <= set(measured)
    assert {"auroc", "precision", "recall"} == set(measured["abstention"])
    assert "<html" in report.read_text()
    questions.write_text('{"question": "cut in ha')
    done = desk.run("eval", questions)
    assert done.returncode == 2
    assert "line 1" in done.stderr


@pytest.mark.parametrize(("report", "fault"), [("gone/report.html", "No such file"), (".", "Is a directory")])
def test_eval_with_a_report_that_cannot_be_written(desk, tmp_path, report, fault):
    """That is bad usage, said before any question is asked."""
    questions = tmp_path / "questions.jsonl"
    questions.write_text(json.dumps({"question": QUESTION, "gold_article_ids": ["reset-password.md"]}) + "\n")
    done = desk.run("eval", questions, "--report", tmp_path / report)
    assert (done.returncode, done.stdout) == (2, "")
    assert fault in done.stderr


def test_chat_in_a_pipe(desk):
    """`chat` answers a line at a time and ends with its input; only answers stand on standard output."""
    done = desk.run("chat", stdin=f"{QUESTION}\n\n/why\n/nonsense\n/persona formal\nhi".encode())
    assert done.returncode == 0, done.stderr
    assert "Reset password" in done.stdout
    assert "outcome: answered" in done.stdout
    assert 'no command "nonsense"' in done.stdout
    assert "Traceback" not in done.stderr


def test_chat_without_articles(tmp_path, request):
    """Whoever has sources without articles is told how to add some."""
    desk = Desk(tmp_path, request.config.cache.mkdir("embedding-models"))
    for file in (*(desk.root / "articles").iterdir(), *(desk.root / "wiki").iterdir()):
        file.unlink()
    done = desk.run("chat", stdin=QUESTION.encode())
    assert done.returncode == 0
    assert "could not find an answer" in done.stdout
    assert done.stderr.count("no articles yet") == 1
    assert "helpdesk-bot articles add" in done.stderr


def test_chat_over_a_folder(desk, tmp_path):
    """`chat --articles` is over those articles and nothing else, kept apart, and embeds nothing twice."""
    (tmp_path / "zoo").mkdir()
    (tmp_path / "zoo" / "okapi.md").write_text("# Feed the okapi\n\nThe okapi is fed at 9:30 with leaves.\n")
    before = desk.json("articles", "list")
    questions = f"When is the okapi fed?\n{QUESTION}\n".encode()
    done = desk.run("chat", "--articles", tmp_path / "zoo", stdin=questions)
    assert done.returncode == 0, done.stderr
    assert "9:30" in done.stdout
    assert "Reset password" not in done.stdout
    assert "Synced articles: 1 articles" in done.stderr
    assert "Synced" not in desk.run("chat", "--articles", tmp_path / "zoo", stdin=b"").stderr
    assert desk.json("articles", "list") == before


def test_chat_over_one_file(desk, tmp_path):
    """One document alone: its neighbours are not read."""
    (tmp_path / "okapi.md").write_text("# Feed the okapi\n\nThe okapi is fed at 9:30 with leaves.\n")
    (tmp_path / "panda.md").write_text("# Feed the panda\n\nThe panda is fed at 10:45 with bamboo.\n")
    done = desk.run(
        "chat", "--articles", tmp_path / "okapi.md", stdin=b"When is the okapi fed?\nWhen is the panda fed?\n"
    )
    assert "9:30" in done.stdout
    assert "10:45" not in done.stdout


def test_chat_over_nothing(desk):
    """A path that is not there is bad usage."""
    done = desk.run("chat", "--articles", "nowhere")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_chat_without_a_config_uses_the_sample(tmp_path: Path, request):
    """With nothing configured and nothing added the chat is over the sample help centre, and says so once."""
    desk = Desk(tmp_path, request.config.cache.mkdir("embedding-models"))
    desk.config.write_text('data_dir = "data"\n')
    done = desk.run("chat", stdin=b"How do I reset my password?\n")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("sample help centre") == 1
    assert "Sources:" in done.stdout


def test_closed_terminal_leaves_nothing_behind(desk):
    """When the terminal is closed the chat ends, and the Valkey that it started with it."""
    with subprocess.Popen(
        [PROGRAM, "chat"],
        env=desk.environ(),
        cwd=desk.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as chat:
        assert chat.stdin is not None
        assert chat.stdout is not None
        chat.stdin.write(f"{QUESTION}\n".encode())
        chat.stdin.flush()
        assert chat.stdout.readline()
        socket = Path((desk.data / "valkey" / "socket").read_text())
        assert socket.exists()
        chat.send_signal(signal.SIGHUP)
        chat.communicate(timeout=60)
    assert chat.returncode not in {0, -signal.SIGHUP}
    assert not socket.exists()
