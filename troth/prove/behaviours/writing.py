"""Proofs of what people write into forms and comments."""

from __future__ import annotations

from troth.prove.registry import proves
from troth.prove.world import World, check


@proves("infinity-014", sabotage="ignore-fields")
def a_contact_form_is_kept_with_its_source(world: World) -> None:
    email, phone = world.address(), world.number()
    fields = {"name": "Someone", "email": email, "phone": phone, "message": "please write back"}
    answer = world.post("/forms/contact", {"fields": fields})
    check(answer["status"] == 200, f"the form was answered with {answer['status']}")
    mine = [row["items"] for row in world.events("enquiries") if row["items"].get("contact.email") == email]
    check(len(mine) == 1 and mine[0].get("contact.phone") == phone and mine[0].get("contact.name") == "Someone", "the form's fields were not kept")
    check(mine[0].get("contact.source") == "form", "the form is not noted as the source")


@proves("infinity-025", sabotage="forget-channels")
def every_detail_is_kept_with_the_channel_it_came_by(world: World) -> None:
    form, account = world.address(), world.address()
    world.post("/forms/contact", {"fields": {"email": form}})
    world.send("group", userId=world.address(), groupId="g", traits={"email": account})
    sources = {}
    for purpose in ("enquiries", "customer-service"):
        for row in world.events(purpose):
            sources[row["items"].get("contact.email")] = row["items"].get("contact.source")
    check(sources.get(form) == "form" and sources.get(account) == "account", "a detail is not kept with its channel")


@proves("infinity-019", "infinity-027", sabotage="hide-undeclared")
def only_declared_fields_are_taken(world: World) -> None:
    email = world.address()
    answer = world.post("/forms/newsletter", {"fields": {"name": "Someone", "email": email, "date_of_birth": "1990-01-01"}})
    check(answer["status"] == 200, f"the form was answered with {answer['status']}")
    check(answer.get("dropped", {}).get("undeclared-item") == 1, "an undeclared field was not refused and counted")
    rows = world.events("newsletter", role="marketer")
    check(any(row["items"].get("contact.email") == email for row in rows), "the declared fields were not kept")
    check("1990-01-01" not in str(rows), "an undeclared field was kept")


@proves("infinity-125", sabotage="require-nothing")
def a_newsletter_needs_its_required_fields(world: World) -> None:
    email = world.address()
    answer = world.post("/forms/newsletter", {"fields": {"email": email}})
    check(answer["status"] == 400 and answer.get("code") == "missing-item", "a form without a required field was taken")
    answer = world.post("/forms/newsletter", {"fields": {"name": "Someone", "email": email}})
    check(answer["status"] == 200, "a complete form was not taken")


@proves("infinity-026", sabotage="hide-undeclared")
def billing_contacts_are_held_about_customers_alone(world: World) -> None:
    answer = world.send("identify", userId=world.address(), traits={"email": world.address(), "billing_contact": "Accounts"})
    check(answer["status"] == 400 and answer.get("code") == "item-not-for-population", "a billing contact was taken about someone who is no customer")
    customer = world.address()
    world.send("group", userId=customer, groupId="g", traits={"email": customer, "billing_contact": "Accounts of " + customer})
    seen = [row["items"].get("billing.contact") for row in world.events("transactions")]
    check("Accounts of " + customer in seen, "a customer's billing contact was not kept for billing")


@proves("infinity-017", "infinity-018", sabotage="skip-the-warning")
def comments_are_public_and_say_so_beforehand(world: World) -> None:
    article, email = "/blog/:slug", world.address()
    shown = world.http.get(f"/{world.workspace}/comments", params={"article": article}).json()["warning"]
    check("public" in shown["text"].lower(), "no warning that comments are public")
    without = world.post("/comments", {"article": article, "name": "Someone", "email": email, "text": "first", "warning": "not-shown"})
    check(without["status"] == 409, "a comment was taken without its warning")
    comment = {"article": article, "name": "Someone", "email": email, "text": "second " + email[8:20], "warning": shown["version"]}
    posted = world.post("/comments", comment)
    check(posted["status"] == 200, "a comment was not taken after its warning")
    kept = [row["items"] for row in world.events("publication") if row["items"].get("contact.email") == email]
    check(len(kept) == 1 and kept[0].get("contact.source") == "blog", "a comment is not kept with the blog as its source")
    if not world.canary:
        listed = world.http.get(f"/{world.workspace}/comments", params={"article": article}).json()["comments"]
        check(any(email[8:20] in one["text"] for one in listed), "a posted comment cannot be read by everyone")
        check(email not in str(listed), "an address is shown to everyone")
