"""Recordings that are shipped, one a module: what it was that ran, and its traces as OTLP JSON lines."""
