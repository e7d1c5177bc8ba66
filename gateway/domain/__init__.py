"""What the gateway is about, in plain Python: no I/O, no library beyond the standard one.

Guarantees: every value is immutable and valid once constructed; every time is aware; every state change is in
`lifecycle.TABLE`. Fails by raising from `errors`.
"""
