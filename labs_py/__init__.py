"""The labs of Nines & Hops: distributed systems, computed."""

__version__ = "0.1.0"
