"""Homeport's host tools: the virtual board, the state-machine model, deployment."""

__version__ = "0.1.0"
