"""The analyses that prove promises from the policy and what follows from it, by theme. Importing this package enters them all."""

from troth.prove.statics import browsing, collecting, companies, figures, keeping, messages, notices, people, permitting, purposes, sharing

__all__ = ["browsing", "collecting", "companies", "figures", "keeping", "messages", "notices", "people", "permitting", "purposes", "sharing"]
