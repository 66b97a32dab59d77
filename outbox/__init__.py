"""Deliveries to other computers: rows with leases, retries and a worker. The apps above define what is delivered."""
