"""The behaviours that prove promises, by theme. Importing this package enters them all in the registry."""

from troth.prove.behaviours import choosing, visits, writing

__all__ = ["choosing", "visits", "writing"]
