"""Measurements of real systems that are shipped, one a module: what ran where, and what came of it."""
