"""What went wrong, in words a person can act on? It never carries personal data.

One class for every coded error that reaches a person or a program.
"""

from __future__ import annotations


class Fault(Exception):
    """A coded error: a stable `code`, a `message` in plain words, an optional `help` that was tried.

    `status` is the HTTP status it becomes; the command line turns it into exit code 1.
    """

    def __init__(self, code: str, message: str, help: str | None = None, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.help, self.status = code, message, help, status

    def as_json(self) -> dict[str, str]:
        """The shape every HTTP error body has."""
        body = {"code": self.code, "message": self.message}
        return body | {"help": self.help} if self.help else body
