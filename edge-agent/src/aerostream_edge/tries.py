"""How often something was sent in vain, and how long to wait for its acknowledgement."""

from dataclasses import dataclass

FIRST_TIMEOUT_S = 5.0
_MAX_TIMEOUT_S = 60.0
#: Enough for the longest timeout; without end a week of attempts would be no float any more.
_MAX_DOUBLINGS = 10
#: What is sent this often while later numbers are acknowledged will never be stored.
_MAX_PASSED_OVER = 8


@dataclass(slots=True)
class Tries:
    """The attempts to have one number stored."""

    attempts: int = 0
    first_s: float = 0.0
    """When it was first sent."""
    passed_over: int = 0
    """How often it was sent after a later number was acknowledged."""
    freed_before: int = 0
    """Numbers that acknowledgements had freed when it was last sent."""

    def sent(self, now_s: float, *, passed: bool, freed: int) -> float:
        """It goes out (again); gives the seconds to wait, which grow with every attempt.

        Args:
            now_s: the caller's clock.
            passed: whether a later number was acknowledged.
            freed: numbers that acknowledgements have freed so far.
        """
        if not self.attempts:
            self.first_s = now_s
        self.attempts += 1
        # Sending in vain while nothing is stored at all says nothing about the item.
        self.passed_over += passed and freed != self.freed_before
        self.freed_before = freed
        doublings = min(self.attempts - 1, _MAX_DOUBLINGS)
        return min(_MAX_TIMEOUT_S, FIRST_TIMEOUT_S * (1 << doublings))

    def refused(self) -> None:
        """The broker did not take it, so nobody can have stored it: it was not sent."""
        self.attempts -= 1
        self.passed_over = max(0, self.passed_over - 1)

    def hopeless(self, now_s: float, least_s: float) -> bool:
        """Whether it may be given up.

        Args:
            now_s: the caller's clock.
            least_s: for so long at least it is tried: a broker that drops much in a bad hour must
                not look like a frame that cannot be stored.
        """
        return self.passed_over >= _MAX_PASSED_OVER and now_s - self.first_s >= least_s
