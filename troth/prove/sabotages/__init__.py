"""Ways of breaking the system, by the room they break. Importing this package enters them all."""

from troth.prove.sabotages import calling, collecting, demanding, handing, messaging, permission, telling

__all__ = ["calling", "collecting", "demanding", "handing", "messaging", "permission", "telling"]
