"""A Haystack pipeline without branches, run step by step."""

import asyncio
from typing import Any, NamedTuple

from haystack import Pipeline
from haystack.tracing.tracer import is_tracing_enabled


class _Step(NamedTuple):
    name: str
    component: Any
    given: str
    passed_on: str


class Line(Pipeline):
    """A pipeline in which each component feeds one input of the next, and the last one's outputs come out.

    Haystack plans anew after each step which component is ready, and copies what passes: 2 ms of CPU a question. Here
    the order is fixed, and what passes is never changed (`Shared`). Errors of a component come as they are, not as
    PipelineRuntimeError. A pipeline of another shape, and one that is being traced, runs as Haystack runs it. All is
    added and connected before the first run.
    """

    _steps: tuple[_Step, ...] | None = None

    async def run_async(
        self,
        data: dict[str, Any],
        include_outputs_from: set[str] | None = None,
        concurrency_limit: int = 4,
    ) -> dict[str, Any]:
        """Give the outputs of the last component by its name; `data` holds the inputs of the first by its name."""
        if self._steps is None:
            await self.warm_up_async()
            self._steps = self._planned()
        steps = self._steps
        if not steps or include_outputs_from or is_tracing_enabled() or list(data) != [steps[0].name]:
            return await super().run_async(data, include_outputs_from, concurrency_limit)
        given: dict[str, Any] = data[steps[0].name]
        for step in steps[:-1]:
            outputs = await _run(step.component, given)
            given = {step.given: outputs[step.passed_on]}
        return {steps[-1].name: await _run(steps[-1].component, given)}

    def _planned(self) -> tuple[_Step, ...]:
        """Give the steps in order, each with the input of the next and its own output; none if it is no line."""
        nodes, edges = (
            self.graph.nodes,
            {one: (next_one, edge) for one, next_one, edge in self.graph.edges.data()},
        )
        fed = [next_one for next_one, _ in edges.values()]
        firsts = [name for name in nodes if name not in fed]
        if len(firsts) != 1 or len(set(fed)) != len(self.graph.edges) or len(edges) != len(nodes) - 1:
            return ()
        name, steps = firsts[0], []
        while name in edges:
            following, edge = edges[name]
            steps.append(
                _Step(name, nodes[name]["instance"], edge["to_socket"].name, edge["from_socket"].name)
            )
            name = following
        return (*steps, _Step(name, nodes[name]["instance"], "", ""))


async def _run(component: Any, given: dict[str, Any]) -> dict[str, Any]:
    """Run a component on the loop if it can, else in a thread."""
    run_async = getattr(component, "run_async", None)
    outputs: dict[str, Any] = (
        await run_async(**given) if run_async is not None else await asyncio.to_thread(component.run, **given)
    )
    return outputs
