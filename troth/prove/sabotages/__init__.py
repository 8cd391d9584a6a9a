"""Ways of breaking the system, by the room they break. Importing this package enters them all."""

from troth.prove.sabotages import calling, chatting, collecting, demanding, handing, permission, telling

__all__ = ["calling", "chatting", "collecting", "demanding", "handing", "permission", "telling"]
