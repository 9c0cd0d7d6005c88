"""A pipeline without branches gives what Haystack's own run gives."""

import threading
from collections.abc import Iterator

import pytest

import knowledge.stores.embedded  # noqa: F401 - before haystack: it keeps torch out

from haystack import Pipeline, component, tracing  # isort: skip
from haystack.tracing.logging_tracer import LoggingTracer  # isort: skip

from knowledge.answering.steps.line import Line  # isort: skip


@component
class Add:
    """Adds to a number, on the loop."""

    def __init__(self, more: int) -> None:
        self._more = more
        self.warmed = 0

    def warm_up(self) -> None:
        """Count."""
        self.warmed += 1

    @component.output_types(total=int, ran_in=str)
    def run(self, number: int) -> dict[str, object]:
        """Refuse, as the steps of an answer do."""
        raise NotImplementedError

    @component.output_types(total=int, ran_in=str)
    async def run_async(self, number: int) -> dict[str, object]:
        """Give the sum."""
        return {"total": number + self._more, "ran_in": threading.current_thread().name}


@component
class Divide:
    """Divides 60 by a number; it knows no other way than a thread."""

    @component.output_types(share=float, ran_in=str)
    def run(self, by: int) -> dict[str, object]:
        """Give the share."""
        return {"share": 60 / by, "ran_in": threading.current_thread().name}


def build(kind: type[Pipeline]) -> Pipeline:
    """Make 'one → two → share', put in in another order."""
    pipeline = kind()
    pipeline.add_component("share", Divide())
    pipeline.add_component("two", Add(2))
    pipeline.add_component("one", Add(1))
    pipeline.connect("two.total", "share.by")
    pipeline.connect("one.total", "two.number")
    return pipeline


@pytest.fixture
def traced() -> Iterator[None]:
    """Have Haystack trace its runs."""
    tracing.enable_tracing(LoggingTracer())
    yield
    tracing.disable_tracing()


async def test_the_last_step_gives_what_comes_of_all_of_them() -> None:
    """Each step gets what the one before it gave, whatever order they were added in."""
    output = await build(Line).run_async({"one": {"number": 3}})
    assert output["share"]["share"] == 10.0
    assert output.keys() == {"share"}


async def test_what_cannot_run_on_the_loop_runs_beside_it() -> None:
    """A step without `run_async` holds nobody up."""
    output = await build(Line).run_async({"one": {"number": 3}})
    assert output["share"]["ran_in"] != threading.current_thread().name


async def test_steps_are_warmed_up_once() -> None:
    """What a step does before its first run, it does before its first run only."""
    line = build(Line)
    for _ in range(3):
        await line.run_async({"one": {"number": 3}})
    assert line.get_component("one").warmed == 1  # type: ignore[attr-defined] - it is an Add


async def test_an_error_comes_as_the_step_raised_it() -> None:
    """Whoever asks meets the error of the step and not one of the pipeline."""
    with pytest.raises(ZeroDivisionError):
        await build(Line).run_async({"one": {"number": -3}})


@pytest.mark.usefixtures("traced")
async def test_what_is_traced_runs_as_haystack_runs_it() -> None:
    """Spans are Haystack's business: its outputs hold those of the steps between, too, that nobody takes."""
    output = await build(Line).run_async({"one": {"number": 3}})
    assert output == await build(Pipeline).run_async({"one": {"number": 3}})
    assert output.keys() == {"one", "two", "share"}


async def test_a_pipeline_with_branches_runs_as_haystack_runs_it() -> None:
    """Two steps after one are no line."""
    line = build(Line)
    line.add_component("other", Add(10))
    line.connect("one.total", "other.number")
    output = await line.run_async({"one": {"number": 3}})
    assert (output["share"]["share"], output["other"]["total"]) == (10.0, 14)


async def test_outputs_of_steps_between_are_to_be_had() -> None:
    """Who asks for them by name gets them."""
    output = await build(Line).run_async({"one": {"number": 3}}, include_outputs_from={"two"})
    assert output["two"]["total"] == 6
