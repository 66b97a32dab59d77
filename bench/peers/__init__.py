"""better-auth from npm, which the benchmark compares the service to if `PEERS=1`. It needs Node and npm.

`server.mjs` serves it with its organization plugin on a database of its own.
"""
