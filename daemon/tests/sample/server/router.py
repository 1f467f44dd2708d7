"""Match request paths to handlers."""

import re


class RouteNotFound(Exception):
    """No route matches the path of a request."""


class Router:
    """Keeps routes in the order in which they were added; the first match wins."""

    def __init__(self):
        self._routes = []

    def add(self, pattern, handler):
        """Register a handler for every path that matches the pattern."""
        self._routes.append((re.compile(pattern), handler))

    def dispatch(self, request):
        """Find the handler for a request and call it with the captured groups."""
        for pattern, handler in self._routes:
            match = pattern.fullmatch(request.path)
            if match:
                return handler(request, **match.groupdict())
        raise RouteNotFound(request.path)
