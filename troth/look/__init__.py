"""How do our pages look? Templates to HTML under a strict content security policy, and one stylesheet.

It knows no business: what a page says is given by the room that shows it. No script, no font and no
picture comes from anywhere but here.
Source: Content Security Policy Level 3; OWASP HTML security
"""

from troth.look.page import CSP, error_page, render, teach, wants_page
from troth.look.static import address, routes

__all__ = ["CSP", "address", "error_page", "render", "routes", "teach", "wants_page"]
