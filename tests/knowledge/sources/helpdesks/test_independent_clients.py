"""Clients that others wrote for the real helpdesks can read our fakes: so the fakes are like them."""

from __future__ import annotations

import asyncio
import gc
import warnings
from typing import TYPE_CHECKING, Any

import pytest

from tests.fakes.helpdesks.base import TOKEN
from tests.fakes.helpdesks.discourse import FakeDiscourse
from tests.fakes.helpdesks.intercom import FakeIntercom
from tests.fakes.helpdesks.zammad import FakeZammad

if TYPE_CHECKING:
    from collections.abc import Iterator

REMEDY = "pip install 'helpdesk-bot[dev]'"


@pytest.fixture(autouse=True)
def around_clients(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let requests find this machine, and take away the connections that the clients leave open."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.mark.counterpart("pydiscourse")
async def test_pydiscourse() -> None:
    """It lists the topics of a category and reads one."""
    pydiscourse = pytest.importorskip("pydiscourse", reason=REMEDY)
    fake = FakeDiscourse()
    fake.put(1, "Title 1", "<p>x</p>")
    async with fake.running() as url:
        client = pydiscourse.DiscourseClient(url, api_username="system", api_key=TOKEN)

        def read() -> tuple[Any, Any]:
            return client.topic("topic-1", 1), client.get_site_info()

        topic, site = await asyncio.to_thread(read)
    assert topic["post_stream"]["posts"][0]["cooked"] == "<p>x</p>"
    assert site["categories"][0]["slug"] == "help"


@pytest.mark.counterpart("zammad_py")
async def test_zammad_py() -> None:
    """It reads the whole structure of the knowledge base."""
    zammad_py = pytest.importorskip("zammad_py", reason=REMEDY)
    fake = FakeZammad()
    fake.put(1, "Title 1", "<p>x</p>")
    async with fake.running() as url:
        client = zammad_py.ZammadAPI(url=f"{url}/api/v1/", http_token=TOKEN)
        assets = await asyncio.to_thread(client.knowledge_bases.init)
        client.session.close()
    assert assets["KnowledgeBaseAnswerTranslation"]["101"]["title"] == "Title 1"


@pytest.mark.counterpart("python-intercom")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*[Pp]ydantic.*")
async def test_python_intercom() -> None:
    """It pages through the articles by their cursors."""
    intercom = pytest.importorskip("intercom", reason=REMEDY)
    fake = FakeIntercom()
    fake.page_size = 2
    for number in range(1, 6):
        fake.put(number, f"Title {number}", "<p>x</p>")
    async with fake.running() as url:
        client = intercom.AsyncIntercom(token=TOKEN, base_url=url, headers={"Intercom-Version": "2.15"})
        listed = await client.articles.list(per_page=2)
        titles = [article.title async for article in listed]
    assert titles == [f"Title {number}" for number in range(5, 0, -1)]
