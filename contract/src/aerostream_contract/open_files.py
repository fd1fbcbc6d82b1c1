"""How many files, sockets included, this process may have open."""

import resource


def allow_files(wanted: int) -> int:
    """Raise this process's limit to `wanted` where it is lower, as far as the machine lets us.

    The number that is allowed then; it may be fewer than wanted, or more.
    """
    unlimited = resource.RLIM_INFINITY
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == unlimited:
        return wanted
    if soft >= wanted:
        return soft
    allowed = wanted if hard == unlimited else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    return allowed
