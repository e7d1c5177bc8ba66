"""What lasts: blobs by content, rows by transaction.

Guarantees: a transaction is either wholly there after a crash or not at all; a blob is on disk before any row names it.
Fails with `StorageUnavailable`, after which nothing was written.
"""
