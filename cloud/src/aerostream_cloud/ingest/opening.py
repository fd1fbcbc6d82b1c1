"""Opening what ingest writes to."""

from collections.abc import Callable
from contextlib import ExitStack

from sqlalchemy.exc import OperationalError
from structlog.typing import FilteringBoundLogger

from aerostream_cloud.database import open_database
from aerostream_cloud.dead_letter import DeadLetters
from aerostream_cloud.errors import (
    CloudError,
    NotOurStore,
    RegistryUnavailable,
    StoreUnavailable,
)
from aerostream_cloud.ingest.pipeline import Pipeline
from aerostream_cloud.opened_files import is_misplaced
from aerostream_cloud.registry import DroneRegistry
from aerostream_cloud.settings import CloudSettings
from aerostream_cloud.store import open_store

LETTERS_BUSY_TIMEOUT_S = 0.2
"""Far below what is said to be no answer: good samples wait for it, and bad ones can come again."""


class CannotStart(CloudError):
    """A setting leads to what cannot be used; waiting does not help."""


def open_pipeline(
    settings: CloudSettings,
    parts: ExitStack,
    *,
    clock_us: Callable[[], int],
    log: FilteringBoundLogger,
) -> Pipeline:
    """Open store, registry and dead letters; `parts` closes them.

    Raises:
        StoreUnavailable: one of them is locked, full or down now; try again.
        RegistryUnavailable: the same.
        CannotStart: a file or an address is not what it should be.
        ContractError: a setting is unusable.
    """
    with ExitStack() as opened:
        try:
            store = open_store(settings.effective_store_url)
            opened.callback(store.close)
            registry = DroneRegistry(engine=open_database(settings.effective_database_url))
            opened.callback(registry.close)
            dead_letters = DeadLetters(
                settings.dead_letter_file,
                max_bytes=settings.dead_letter_max_bytes,
                busy_timeout_s=LETTERS_BUSY_TIMEOUT_S,
            )
            opened.callback(dead_letters.close)
        except (NotOurStore, StoreUnavailable, RegistryUnavailable) as error:
            if _may_pass(error):
                raise
            raise CannotStart(str(error)) from error
        parts.push(opened.pop_all())
    return Pipeline(
        store=store, registry=registry, dead_letters=dead_letters, clock_us=clock_us, log=log
    )


def _may_pass(error: CloudError) -> bool:
    """Whether it is about a database that is there and cannot answer now."""
    if isinstance(error, StoreUnavailable):
        return not error.misplaced
    cause = error.__cause__
    if isinstance(cause, OperationalError):
        return not (isinstance(cause.orig, Exception) and is_misplaced(cause.orig))
    return isinstance(cause, OSError) and not is_misplaced(cause)
