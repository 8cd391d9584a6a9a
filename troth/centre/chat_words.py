"""What does the chat say by itself? The widget's labels and the few sentences about wishes it carries out, by language."""

from __future__ import annotations

from collections.abc import Mapping

from troth.policy.model import Policy

WIDGET: Mapping[str, Mapping[str, str]] = {
    "en": {
        "open": "Chat",
        "title": "Chat with us",
        "close": "Close the chat",
        "line": "Your message",
        "send": "Send",
        "email": "E-mail address (optional)",
        "email_why": "If you give it, your messages are kept with what we hold under it.",
        "you": "You",
        "we": "We",
        "note": "Note",
        "intro": "Write to us, and a person answers here.",
        "failed": "That was not sent. Please try again.",
        "busy": "Too many messages. Wait a moment.",
        "blanked": "A number was blanked: please do not send card or identity numbers here.",
        "policy": "Privacy policy",
        "new": "New message",
        "ended": "This conversation has ended. Your next message begins another.",
        "mine": "See or delete this chat",
        "too_long": "Please write less at a time.",
    },
    "de": {
        "open": "Chat",
        "title": "Chatten Sie mit uns",
        "close": "Chat schließen",
        "line": "Ihre Nachricht",
        "send": "Senden",
        "email": "E-Mail-Adresse (freiwillig)",
        "email_why": "Geben Sie sie an, so stehen Ihre Nachrichten bei dem, was wir darunter halten.",
        "you": "Sie",
        "we": "Wir",
        "note": "Hinweis",
        "intro": "Schreiben Sie uns; ein Mensch antwortet hier.",
        "failed": "Das wurde nicht gesendet. Bitte noch einmal.",
        "busy": "Zu viele Nachrichten. Bitte einen Augenblick warten.",
        "blanked": "Eine Nummer wurde geschwärzt: Bitte senden Sie hier keine Karten- oder Ausweisnummern.",
        "policy": "Datenschutz",
        "new": "Neue Nachricht",
        "ended": "Dieses Gespräch ist beendet. Ihre nächste Nachricht beginnt ein neues.",
        "mine": "Diesen Chat ansehen oder löschen",
        "too_long": "Bitte schreiben Sie weniger auf einmal.",
    },
}
SAID: Mapping[str, Mapping[str, str]] = {
    "en": {
        "stopped": "Taken back for this browser, from now on: {what}.",
        "loses": "Without “{label}”: {loses}.",
        "nothing": "This browser has allowed nothing that this would end.",
        "link": "If we hold anything under the address you gave, we have sent a link there. "
        "Open it and press its button, and it ends for that address too. Your wish is case {case}.",
        "ask": "What you agreed to by e-mail, telephone or text message is kept under your address. "
        "Write just your e-mail address here, and we send a link to it that ends it. Your wish is case {case}, and a person sees to it.",
        "delete": "You can see everything held about you, and delete it, in the privacy centre: {url}",
        "delete-link": "If we hold anything under the address you gave, we have sent a link there that opens it.",
    },
    "de": {
        "stopped": "Für diesen Browser ab jetzt zurückgenommen: {what}.",
        "loses": "Ohne „{label}“: {loses}.",
        "nothing": "Dieser Browser hat nichts erlaubt, was dadurch endete.",
        "link": "Halten wir etwas unter der angegebenen Adresse, so haben wir einen Link dorthin gesendet. Öffnen Sie ihn und drücken Sie den Knopf, "
        "so endet es auch für diese Adresse. Ihr Wunsch ist Vorgang {case}.",
        "ask": "Was Sie per E-Mail, Telefon oder SMS erlaubt haben, liegt unter Ihrer Adresse. "
        "Schreiben Sie hier nur Ihre E-Mail-Adresse, und wir senden einen Link dorthin, der es beendet. "
        "Ihr Wunsch ist Vorgang {case}; ein Mensch kümmert sich darum.",
        "delete": "Im Datenschutzbereich sehen Sie alles, was über Sie gehalten wird, und können es löschen: {url}",
        "delete-link": "Halten wir etwas unter der angegebenen Adresse, so haben wir einen Link dorthin gesendet, der es öffnet.",
    },
}


def spoken(words: Mapping[str, Mapping[str, str]], policy: Policy) -> Mapping[str, str]:
    """The words in the policy's language, or in English."""
    return words.get(policy.language, words["en"])
