"""Count in the Redis of the cache, with one command.

Only import this if the cache is a Redis: the client takes long to import.
"""

import logging
import time
from functools import cached_property
from typing import Any

from django.core.cache import caches
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_ATTEMPTS = 5  # while Redis is away
# Redis runs a script as one atomic command. EVAL sends the text each time, so it works after a restart of Redis, too.
# The first count starts the window. A key without an expiry would never end.
COUNT = """
local count = redis.call('INCR', KEYS[1])
local left = redis.call('PTTL', KEYS[1])
if left < 0 then
    left = tonumber(ARGV[1])
    redis.call('PEXPIRE', KEYS[1], left)
end
return {count, left}
"""


class RedisCounter:
    """Counters that all processes share. Each starts again when its window ends, by the clock of Redis."""

    def __init__(self) -> None:
        self.away_until = 0.0

    @cached_property
    def client(self) -> Any:
        """The client of the cache, with its connections and time limits. All threads of the process use it.

        Django has no public way to it. Creating one costs as much as a command.
        """
        cache: Any = caches["default"]
        return cache._cache.get_client(None, write=True)

    def count(self, key: str, seconds: int) -> tuple[int, float] | None:
        """Add 1 to a counter. Return the count, and in how many seconds its window ends.

        Return None if Redis does not respond. Then only one request in a while waits for it.
        """
        now = time.monotonic()
        if now < self.away_until:
            return None
        if self.away_until:
            self.away_until = now + SECONDS_BETWEEN_ATTEMPTS  # the others do not wait for this attempt
        try:
            count, milliseconds = self.client.eval(COUNT, 1, caches["default"].make_key(key), seconds * 1000)
        except RedisError as error:
            self.away_until = time.monotonic() + SECONDS_BETWEEN_ATTEMPTS
            logger.warning("redis does not count", extra={"error": type(error).__name__}, exc_info=error)
            return None
        self.away_until = 0.0
        return count, milliseconds / 1000
