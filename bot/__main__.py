"""`helpdesk-bot …`: here, and nowhere else, errors become exit codes and one plain line."""

import os
import sys
from collections.abc import Iterator, Sequence

from typer import Abort, TyperException

from bot.errors import BotError
from bot.process import collect_seldom
from config.errors import ConfigError
from connectors.errors import ConnectorError
from knowledge.errors import KnowledgeError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
DEBUG_VARIABLE = "HELPDESK_BOT__LOG__LEVEL"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; gives 0 when it is done, 1 when it failed, 2 for bad usage or configuration."""
    from bot.cli import cli  # noqa: PLC0415 - an import that fails is said like any other error

    collect_seldom()
    try:
        code = cli(
            args=None if arguments is None else list(arguments),
            prog_name="helpdesk-bot",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except BrokenPipeError:
        _let_go_of_stdout()
        return DONE  # whoever read the output has read enough
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        return DONE  # the same, as Typer says it
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort of the process
        return _explain(error)
    return code if isinstance(code, int) else DONE


def _explain(error: Exception) -> int:
    """Say what went wrong on standard error and give the exit code."""
    causes = list(_leaves(error))
    for cause in causes:
        if isinstance(cause, BrokenPipeError):
            _let_go_of_stdout()
            return DONE
        sys.stderr.write(f"helpdesk-bot: {_line(cause)}\n")
        if os.environ.get(DEBUG_VARIABLE, "").lower() == "debug":
            import traceback  # noqa: PLC0415

            traceback.print_exception(cause)
    return max(_code(cause) for cause in causes)


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Give the errors of a TaskGroup one by one."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _line(error: BaseException) -> str:
    if isinstance(error, TyperException):
        return _one_line(error.format_message())
    if isinstance(error, ConfigError):
        return "\nhelpdesk-bot: ".join(error.problems)
    if isinstance(error, BotError | ConnectorError | KnowledgeError):
        return _one_line(str(error))
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    what = _one_line(f"{type(error).__name__}: {error}")
    return f"unexpected error, please report it ({what}); {DEBUG_VARIABLE}=debug shows where"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _code(error: BaseException) -> int:
    if isinstance(error, TyperException):
        return error.exit_code
    return USAGE if isinstance(error, ConfigError) else FAILED


def _let_go_of_stdout() -> None:
    """Keep the interpreter from complaining, at its end, about output that nobody reads."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
