"""`python -m gateway.runtime` is the `gateway` command."""

from gateway.runtime.cli import main

main()
