"""The field itself: architectures, availability, latency, failure. Standard library only, nothing of the labs."""
