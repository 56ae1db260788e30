"""The moving windows of all processes, in Redis: a request takes its place and learns how many are left in one step.

In two steps another request could come in between, and both would be told the same.
"""

import time
from dataclasses import dataclass

from limits import RateLimitItem
from limits.storage import RedisStorage

# Newest first, at most as many as the limit: where the last of them lies within the window, there is no place.
SCRIPT = """
local now, limit, expiry = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local from = now - expiry

local function at(place)
    return tonumber(redis.call('lindex', KEYS[1], place) or '0')
end

local let_through = at(limit - 1) < from
if let_through then
    redis.call('lpush', KEYS[1], ARGV[1])
    redis.call('ltrim', KEYS[1], 0, limit - 1)
    redis.call('expire', KEYS[1], expiry)
end
local low, high = 0, limit - 1
while low <= high do
    local middle = math.floor((low + high) / 2)
    if at(middle) >= from then low = middle + 1 else high = middle - 1 end
end
return {let_through and 1 or 0, low, redis.call('lindex', KEYS[1], low - 1) or ARGV[1]}
"""


@dataclass(frozen=True)
class Count:
    """`let_through` or not, how many more may follow at once, and when the next place becomes free."""

    let_through: bool
    remaining: int
    reset_s: float


class SharedWindows:
    def __init__(self, storage: RedisStorage) -> None:
        self._storage = storage
        self._script = storage.get_connection().register_script(SCRIPT.encode())

    def count(self, limit: RateLimitItem, whom: tuple[str, ...]) -> Count:
        """Raises RedisError."""
        now, expiry = time.time(), limit.get_expiry()
        key = self._storage.prefixed_key(limit.key_for(*whom))
        let_through, taken, oldest = self._script([key], [repr(now), limit.amount, expiry])
        return Count(bool(let_through), max(0, limit.amount - taken), max(0.0, float(oldest) + expiry - now))
