"""A telephone line without a telephone: spandsp soft modems, a fax machine and a private HylaFAX, for tests.

`line.fax_line()` starts everything and stops it by process id; `pages` makes fax TIFFs. Needs Debian's
hylafax-server and libspandsp2. Audio runs faster than real time; HylaFAX's own timers do not, so a call that must
time out (no answer) still takes seconds.
"""
