"""Ways of breaking the system, by the room they break. Importing this package enters them all."""

from troth.prove.sabotages import asking, calling, chatting, collecting, demanding, handing, messaging, permission, resting, telling

__all__ = ["asking", "calling", "chatting", "collecting", "demanding", "handing", "messaging", "permission", "resting", "telling"]
