"""Routing to a unit and a case handler, and the clocks that run until the citizen has an answer."""
