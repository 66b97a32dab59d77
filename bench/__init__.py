"""Measure the speed of requests on PostgreSQL with a million open invitations: `make bench`.

The service runs as in production. Its requests and those of the references (``bench.reference``) are measured in turn,
so that other load on the machine slows down all of them. Compare only ratios. See `docs/performance.md` for the tables.
"""
