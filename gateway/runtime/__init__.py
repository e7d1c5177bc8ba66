"""Puts the parts together and runs them: composition root, worker, relay, sweep, supervisor, command line."""
