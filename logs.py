"""The log of an entry point: one line for each event, ours and those of libraries alike, on standard output.

What went wrong is told by its traceback, never by the values of variables in it: those are customers, texts of
messages and passwords.
"""

import logging
import sys
from typing import Literal

import structlog

LogFormat = Literal["text", "json"]


def configure_logs(style: LogFormat) -> None:
    """Let every log of this process be written as text for people, or as JSON, a document in a line.

    Ours is written from INFO on, what libraries say from WARNING on. Times are in UTC.
    """
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    rendered: list[structlog.typing.Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if style == "json":
        rendered += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    else:
        plain = structlog.dev.plain_traceback
        rendered += [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=rendered, foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared]
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # Warnings of Python go the same way.
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_own_logger,
    )


def _own_logger(*_: object) -> logging.Logger:
    own = logging.getLogger("duewell")
    own.setLevel(logging.INFO)
    return own
