"""How a call or a request ends: well, degraded, or failed for a reason."""

OK = "ok"
DEGRADED = "degraded"  # an optional call failed
TIMEOUT = "timed out"
FULL = "queue full"
SHED = "waited too long"
LATE = "deadline passed"
DOWN = "down"
CRASHED = "crashed"
OPEN = "breaker open"
CROWDED = "bulkhead full"
THROTTLED = "throttled"
ANSWERED = (OK, DEGRADED)
