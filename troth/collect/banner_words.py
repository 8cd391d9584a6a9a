"""What do banner and preferences say, besides what the policy's author wrote? Their fixed words, by language; English where there are none."""

from __future__ import annotations

from collections.abc import Mapping

from troth.policy.conduct import AskMode
from troth.policy.model import Permission, Policy

_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Your choice",
        "accept": "Accept all",
        "agree": "Agree and continue",
        "reject": "Reject all",
        "choose": "Choose",
        "save": "Save my choice",
        "back": "Privacy choices",
        "policy": "Privacy policy",
        "cookies": "Cookies",
        "close": "Close",
        "privacy": "Privacy centre",
        "kept": "Your choice is kept.",
        "gpc": "Your browser’s privacy signal is honoured.",
        "blocked": "Your browser refuses cookies, so nothing is remembered.",
        "object": "On unless you turn it off",
        "ask": "Off unless you turn it on",
        "loses": "If off:",
        "elsewhere": "You said no to this elsewhere. The privacy centre can change it.",
        "embedded": "Comes from elsewhere. It is shown if you allow:",
        "allow": "Allow and show",
        "ask-before": "What stands here we only do if you agree.",
        "may-object": "What stands here we do until you say no.",
        "none": "Some things we only do if you agree, others until you say no.",
        "serve": "Nothing on this site depends on it.",
        "may-deny": "Parts of this site may not work without a yes.",
    },
    "de": {
        "title": "Ihre Wahl",
        "accept": "Alles annehmen",
        "agree": "Zustimmen und weiter",
        "reject": "Alles ablehnen",
        "choose": "Auswählen",
        "save": "Meine Wahl speichern",
        "back": "Datenschutz-Wahl",
        "policy": "Datenschutz",
        "cookies": "Cookies",
        "close": "Schließen",
        "privacy": "Datenschutzbereich",
        "kept": "Ihre Wahl ist gespeichert.",
        "gpc": "Das Datenschutz-Signal Ihres Browsers wird beachtet.",
        "blocked": "Ihr Browser nimmt keine Cookies an, so wird nichts gemerkt.",
        "object": "Ein, bis Sie es ausschalten",
        "ask": "Aus, bis Sie es einschalten",
        "loses": "Wenn aus:",
        "elsewhere": "Dazu haben Sie anderswo nein gesagt. Im Datenschutzbereich lässt sich das ändern.",
        "embedded": "Kommt von anderswo. Es wird gezeigt, wenn Sie erlauben:",
        "allow": "Erlauben und zeigen",
        "ask-before": "Was hier steht, tun wir nur, wenn Sie zustimmen.",
        "may-object": "Was hier steht, tun wir, bis Sie nein sagen.",
        "none": "Manches tun wir nur, wenn Sie zustimmen, anderes, bis Sie nein sagen.",
        "serve": "Nichts auf dieser Website hängt davon ab.",
        "may-deny": "Teile dieser Website können ohne ein Ja ausfallen.",
    },
}
# The sentences: one for each way in which purposes come to be permitted, and for what a site does without cookies.
_NO_LABELS = frozenset({"agree", "ask-before", "may-object", "none", "serve", "may-deny"})


def banner_text(policy: Policy, modes: set[Permission]) -> dict[str, str]:
    """The banner's words, as far as they follow from how the policy asks, and what the law makes of it here."""
    words, rule = _WORDS.get(policy.language, _WORDS["en"]), policy.asking
    asks = words[next(iter(modes)) if len(modes) == 1 else Permission.NONE]
    intro = " ".join(part for part in (asks, words[rule.without_cookies], rule.browser_help) if part)
    agree = {"accept": words["agree"]} if rule.mode is AskMode.NOTICE else {}
    return {name: text for name, text in words.items() if name not in _NO_LABELS} | {"intro": intro} | agree
