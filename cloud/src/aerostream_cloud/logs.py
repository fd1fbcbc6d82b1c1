"""Logs: one JSON object per line on standard error, with the same keys as the edge agent's."""

import logging
import sys

import structlog
from structlog.typing import EventDict, FilteringBoundLogger


def configure_logs(level: str) -> None:
    """Log from `level` (debug, info, warning, error) on; call once, at the start of a program."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            structlog.processors.format_exc_info,
            _common_fields_first,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What libraries say of connections and migrations, our own modules say in a sentence.
    for library in ("gmqtt", "alembic", "uvicorn"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _common_fields_first(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Time, level and event, which every line has, then the rest."""
    common = {name: line.pop(name) for name in ("time", "level", "event")}
    return {**common, **line}


def service_logger(service: str, instance: str) -> FilteringBoundLogger:
    """A logger that puts the service's name and instance into every line."""
    logger: FilteringBoundLogger = structlog.get_logger(service=service, instance=instance)
    return logger
