"""What the Makefile runs before and around the course's own code."""
