"""Back-pressure across workers: each keeps to its share of what an endpoint admits, and finds its own way within it.

The shares add up to the endpoint's limit and are dealt anew when a worker comes or goes. No worker asks another before
it calls: there is no process whose death stops all, and no round trip before each call.
"""

from __future__ import annotations

from readingroom.settings import Settings
from readingroom.tools.backends.endpoint.calls import admitted


def places(settings: Settings, wanted: int) -> int:
    """How many workers there may be: no more than the smallest endpoint admits requests.

    An endpoint of which nothing is known admits what its workers find out, each by itself.
    """
    if "endpoint" not in settings.backend:
        return wanted
    limits = [admitted(model, config) for model, config in settings.endpoints.items()]
    return max(1, min([wanted, *(limit for limit in limits if limit is not None)]))
