"""Keep spending under a budget: no question is asked that could take it over.

The most that a question can cost is set aside before it is asked, and what it did cost is taken
when the answer is there. So with many threads the budget holds as long as the server counts tokens
as it bills them, and counts no more input than was reckoned.
"""

from __future__ import annotations

import threading

__all__ = ["Purse"]


class Purse:
    """What may be spent, what was, and what is set aside for questions under way.

    >>> purse = Purse(1.0, threading.Event())
    >>> purse.take(0.7), purse.settle(0.7, 0.2), purse.take(0.7), purse.spent
    (True, None, True, 0.2)
    """

    def __init__(self, budget: float | None, stop: threading.Event) -> None:
        self._budget, self._stop = budget, stop
        self._aside = 0.0
        self._asking = 0
        self._changed = threading.Condition()
        self.spent = 0.0

    def take(self, most: float) -> bool:
        """Set `most` aside; False where it cannot fit, even once all under way are settled."""
        with self._changed:
            while self._budget is not None and self.spent + self._aside + most > self._budget:
                if not self._asking or self._stop.is_set():
                    return False
                self._changed.wait(0.1)
            self._aside += most
            self._asking += 1
            return True

    def settle(self, most: float, cost: float) -> None:
        """Put back the `most` that was set aside, and take `cost`."""
        with self._changed:
            self._asking -= 1
            self._aside = self._aside - most if self._asking else 0.0
            self.spent += cost
            self._changed.notify_all()
