"""Ways of breaking the system, by the room they break. Importing this package enters them all."""

from troth.prove.sabotages import collecting, permission

__all__ = ["collecting", "permission"]
