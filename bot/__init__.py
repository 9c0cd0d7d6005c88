"""The application: the only package that knows both chat and articles."""

import sys

# structlog loads rich for tracebacks in colour, which our logs do without (bot/cli/logs.py): a tenth of a start
_hides_rich = not {"rich", "structlog"} & sys.modules.keys()
if _hides_rich:
    sys.modules["rich"] = None  # type: ignore[assignment]
try:
    import structlog as structlog
finally:
    if _hides_rich:
        del sys.modules["rich"]
