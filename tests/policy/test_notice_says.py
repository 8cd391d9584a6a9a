"""Does the notice say what each setting of a policy means, and all that the laws want said? One sentence a setting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Any

import pytest
from policy_edits import EXAMPLES, entry, part

from troth.policy import conduct, demands, model
from troth.policy.conduct import ChannelRules
from troth.policy.language import language, languages
from troth.policy.model import Basis, Controller, CountedFrom, EnabledBy, Policy, Role
from troth.policy.notice import as_html, as_markdown, cookie_page, notice
from troth.policy.parse import read_policy

INFINITY = read_policy(EXAMPLES / "infinity" / "policy.yaml")
FIVE = ["infinity", "cxinfinity", "infi", "infinext", "infisim"]
Edit = Callable[[Policy], Policy]


def _text(policy: Policy, **more: Any) -> str:
    return as_markdown(notice(policy, "policy/versions", **more)).replace("\\", "")


def _set(**values: Any) -> Edit:
    return lambda policy: replace(policy, **values)


def _channel(**values: Any) -> Edit:
    return _set(channels={"sms": ChannelRules("sms", **values)})


def _portability(**values: Any) -> Edit:
    return part("rights", portability=replace(INFINITY.rights.portability, **values))


C, D = conduct, demands
SAYS: list[tuple[Edit, str]] = [
    (part("asking", mode=C.AskMode.ASK_FIRST), "Before anything is stored that the site can do without, we ask you."),
    (part("asking", mode=C.AskMode.OPT_OUT), "On your first visit you can say no to cookies"),
    (part("asking", mode=C.AskMode.NOTICE), "a notice tells you about cookies"),
    (part("asking", mode=C.AskMode.BROWSER_ONLY), "You can refuse cookies in the settings of your browser."),
    (part("asking", evidence={C.YesBy.CONTINUED_USE: C.YesStrength.IMPLIED}), "Going on using the site after you were told, as an implied yes"),
    (part("asking", evidence={C.YesBy.USE: C.YesStrength.BY_USE}), "Where the law asks for an express yes, nothing less counts as one."),
    (part("asking", without_cookies=C.WithoutCookies.MAY_DENY), "parts of the service may not be open to you"),
    (part("asking", do_not_track=C.DoNotTrack.IGNORE), "We do not act on the Do Not Track signal"),
    (part("asking", do_not_track=C.DoNotTrack.HONOUR), "Do Not Track signal, we take it as your no"),
    (part("asking", until=C.Until.CHANGED), "Your choice holds until you change it."),
    (part("asking", until=timedelta(days=30)), "We remember your choice for 1 month"),
    (part("asking", receipts_for=timedelta(days=90)), "that only their browser knows, for 3 months."),
    (_set(free_text=D.FreeText(card=D.NumberFound.REFUSE)), "We do not take a text in which the number of a payment card"),
    (_set(free_text=D.FreeText(national_id=D.NumberFound.REFUSE)), "in which a number stands by which a state knows people"),
    (_set(free_text=D.FreeText(special=D.WordFound.KEEP)), "We do not look whether what you write speaks of something like health"),
    (part("asking", manage_url="https://x.example/c"), "[Change your choice](<https://x.example/c>)"),
    (part("asking", analytics_opt_out="https://x.example/o"), "(<https://x.example/o>)"),
    (part("asking", automatic=C.Automatic.COOKIES_AND_LOGS), "Cookies and the logs of our servers collect data"),
    (part("sharing", across_sites=C.Allowed.NEVER), "- Let others follow you from site to site with it"),
    (part("linking", cookie_to_person=C.CookieToPerson.NEVER), "never put together with who you are"),
    (part("linking", cookie_to_person=C.CookieToPerson.SOME_PURPOSES, purposes=("call-journey",)), "only for “Joining your visit with your calls”"),
    (part("linking", cookie_to_person=C.CookieToPerson.IDENTIFIES, by=(C.LinkBy.SIGN_IN,)),
     "A cookie can tell us who you are. This is done through your sign-in."),
    (part("linking", cookie_to_person=C.CookieToPerson.MEMBERS_ONLY, populations=("enquirer",)),
     "Only if you are someone who writes or calls, we put"),
    (part("addresses", counts_as=C.CountsAs.NEVER_IDENTIFIES, may_block=True),
     "never use an internet address to find out who you are. An internet address"),
    (part("addresses", disclosed_as=C.DisclosedAs.IDENTIFYING), "We disclose an internet address only as we would disclose a name."),
    (_channel(consent=C.ChannelConsent.NUMBER_AND_POLICY),
     "agree to this policy, we take that as your yes. Agreeing to it is never a condition of buying anything."),
    (_channel(stop=(C.StopBy.REPLY, C.StopBy.LINK), stop_words=("STOP", "END")),
     "You can end this by replying STOP or END or with the link in each message."),
    (_channel(automated=True, carrier_charges="Your carrier charges."), "sent by a machine. Your carrier charges."),
    (_channel(recorded=C.Recorded.MAY, announcement="This is recorded."),
     'We may record or listen in. Before that you hear or read: "This is recorded."'),
    (_channel(transcripts=C.Transcripts.KEPT, tracks=(C.Tracks.OPENS,)), "We keep a transcript. We note whether a message is opened."),
    (_channel(condition_of_purchase=True), "is a condition of buying from us"),
    (part("profiling", allowed=C.ProfilingAllowed.NEVER, automated_decisions=C.Automated.NEVER),
     "We draw up no profiles of people. No decision about you is left to a machine"),
    (part("profiling", allowed=C.ProfilingAllowed.BUILT, items=("post.text",)), "They are made from: public comment."),
    (part("profiling", automated_decisions=C.Automated.WITH_REVIEW), "You may always ask for a person to decide"),
    (part("sharing", sale=C.Allowed.NEVER, rent=C.Allowed.NEVER), "What we never do with your data:\n\n- Sell it\n- Rent it out"),
    (part("sharing", advertising_partners=C.Allowed.ALLOWED), "What we may do with your data:\n\n- Give it to partners for advertising"),
    (part("sharing", beyond_providers=C.BeyondProviders.OPT_IN), "receives your data only if you agreed to it"),
    (part("sharing", exceptions=C.Exceptions.ANNOUNCED), "we say so when we ask you for it"),
    (part("sharing", other_reasons=C.OtherReasons.DOCUMENTED), "we write it down before we hand anything over"),
    (part("aggregates", use=C.AggregateUse.PUBLIC, threshold=10, opt_out=("enquirer",)),
     "A figure about fewer than 10 people is never published. If you are someone who"),
    (part("aggregates", anonymised_to=("northcloud",)), "Data made anonymous may go to Northcloud Hosting."),
    (part("transfers", by=C.TransferBy.ADEQUACY_OR_CLAUSES, told_before=True),
     "give you a copy. We tell you before your data goes to another country."),
    (part("transfers", by=C.TransferBy.USE_AS_CONSENT), "we take that as your agreement that data goes to other countries"),
    (part("transfers", residency=C.Residency.LISTED, countries=("GB", "US")),
     "Data is kept in the United Kingdom or the United States and nowhere else."),
    (part("transfers", residency=C.Residency.CLIENT_CHOICE), "Each client chooses the region that its data is kept in."),
    (part("deployment", offered=tuple(C.Installation)), "on their own premises, in a private cloud or in a public cloud"),
    (part("deployment", region_told=C.RegionTold.ON_REQUEST, isolation=C.Isolation.OWN_INSTANCE),
     "we tell you the region. Each client has an installation of its own"),
    (part("access_control", people=C.WhoSees.FEW, confidentiality=C.Confidentiality.SIGNED),
     "Only a few of our people can see data. They have signed"),
    (part("access_control", allow_list_by=C.AllowListBy.CLIENT), "The client may name the networks"),
    (part("security", encrypted=(C.Encrypted.TRANSPORT,), details_on_request=True), "if anyone changes it later.\n\nAsk us, and we tell you more"),
    (part("rights", routes=(D.Route.EMAIL, D.Route.POST)), "You can ask by e-mail or by post, or in any other way you like."),
    (part("rights", answer_within=timedelta(days=14)), "We answer within 2 weeks."),
    (part("rights", by_agreement=True), "the agreement with that client says how a request is carried out"),
    (part("rights", per_year=4), "You can ask 4 times in twelve months."),
    (part("rights", verification=D.Verification(D.VerifyWhen.ALWAYS, (D.VerifyBy.SECRET_DETAIL,))),
     "For that we use a detail that only you and we know."),
    (part("rights", fees=D.Fees(D.FirstFee.FREE, D.Excessive.REFUSE, 3)), "more than 3 times in a year, we may call it repetitive and refuse it"),
    (part("rights", erasure=D.ErasureRules((D.ErasureGround.UNLAWFUL,), True)),
     "- It was used unlawfully\n\nWhen you ask us to delete data we may ask why"),
    (part("rights", restriction=D.RestrictionRules((D.RestrictionGround.CLAIMS,), D.RestrictionOf.PURPOSES, True)),
     "Ask for it in writing. You can say which uses you mean."),
    (part("rights", objection=D.ObjectionRules(profiling=D.ObjectionEffect.ABSOLUTE)), "If you object to profiles, we stop drawing yours up."),
    (_portability(of=D.PortabilityOf.ANY, formats=(D.FileFormat.CSV,), direct=True),
     "holds all the data we have about you, as CSV. We send it to you, or to someone you name. Where"),
    (part("children", age=13, then=D.ChildrenThen.REMOVE), "This is not meant for children under 13. If we learn"),
    (_set(special_categories=D.SpecialCategories.REFUSED), "We do not seek data about race"),
    (part("complaints", first=D.FirstTo.COMPANY, email="cares@x.example"), "Complaints reach us at cares@x.example."),
    (part("complaints", regulator=D.Regulator.ANY), "You may turn to any of these authorities, wherever you live:"),
    (part("announcements", advance=timedelta(days=30), when=(D.AnnouncedWhen.MATERIAL,)),
     "we announce it. We tell you 1 month before such a change takes effect."),
    (part("announcements", effective=D.TakesEffect.ON_POSTING, by=(D.AnnouncedBy.SITE,)), "A change takes effect when it is published here."),
    (part("notice", licence=D.Licence("Finch", "https://x.example/l", True)),
     "if you name Finch. Pass it on under the same terms.\n\n[The licence](<https://x.example/l>)"),
    (part("notice", version_shown=False, reviewed_on=date(2026, 10, 2)),
     "\nLast changed on 21 September 2026. Last reviewed on 2 October 2026. In force"),
    (part("notice", combined=True), "# Privacy and cookie policy of"),
    (part("notice", combined=True), "| troth_visitor |"),
    (part("organisation", representative="Wren Ltd, Dublin"), "**Our representative**: Wren Ltd, Dublin"),
    (entry("retention", "calls", counted_from=CountedFrom.LAST_CONTACT), "13 months after our last contact"),
    (entry("retention", "calls", keep_for=None), "Where no time is given, ask us and we tell you how long we keep your data."),
    (entry("items", "post.text", enabled_by=EnabledBy.CLIENT), "We hold public comment only for a client that asked us to."),
    (entry("items", "post.text", sensitive="the paper asked for it"), "- Public comment: the paper asked for it"),
    (entry("purposes", "telephone", basis=Basis.CLIENT_INSTRUCTION), "The client we work for decides about it."),
    (entry("populations", "enquirer", controller=Controller.CLIENT), "If you are someone who writes or calls, the client you deal with decides"),
]
_SILENT = part("notice", children="", special="", complaints="", contact="x", changes="", acceptance="")
_BARE = replace(_SILENT(INFINITY), asking=C.Asking(), sharing=C.Sharing(), aggregates=C.Aggregates(), profiling=C.Profiling(), linking=C.Linking(),
                transfers=C.Transfers(), security=C.Security(), children=D.Children(), complaints=D.Complaints(), announcements=D.Announcements(),
                channels={}, rights=D.Rights(), special_categories=D.SpecialCategories.UNSTATED, acceptance=C.Acceptance())


@pytest.mark.parametrize(("edit", "sentence"), SAYS, ids=[sentence[:40] for _, sentence in SAYS])
def test_a_setting_is_said_and_only_when_it_is_set(edit: Edit, sentence: str) -> None:
    assert sentence in _text(edit(_BARE))
    assert sentence not in _text(_BARE)


@pytest.mark.parametrize("spoken", languages())
@pytest.mark.parametrize(("part_", "kind"), [
    ("asking", C.AskMode), ("yes", C.YesBy), ("strength", C.YesStrength), ("without_cookies", C.WithoutCookies), ("do_not_track", C.DoNotTrack),
    ("acceptance", C.AcceptedBy), ("acceptance", C.YesStrength),
    ("linking", C.CookieToPerson), ("link", C.LinkBy), ("addresses", C.CountsAs),
    ("consent", C.ChannelConsent), ("stop", C.StopBy), ("recorded", C.Recorded), ("transcripts", C.Transcripts), ("tracks", C.Tracks),
    ("profiling",
     C.ProfilingAllowed), ("automated", C.Automated), ("sharing", C.Allowed), ("beyond", C.BeyondProviders), ("exceptions", C.Exceptions),
    ("confidentiality", C.Confidentiality), ("others", C.OtherReasons), ("figures", C.AggregateUse), ("transfers", C.TransferBy),
    ("residency",
     C.Residency), ("installation", C.Installation), ("chosen", C.Installation), ("region_by", C.ChosenBy), ("region_told", C.RegionTold),
    ("isolation", C.Isolation), ("people", C.WhoSees), ("people_confidentiality", C.Confidentiality), ("allow_list", C.AllowListBy),
    ("encrypted", C.Encrypted), ("claims", C.SafetyClaim), ("routes", D.Route), ("verify", D.VerifyWhen), ("verify_by", D.VerifyBy),
    ("excessive", D.Excessive), ("refuse_on", D.RefuseOn), ("erase_when", D.ErasureGround), ("restrict_when", D.RestrictionGround),
    ("formats", D.FileFormat), ("children", D.ChildrenThen), ("special", D.SpecialCategories), ("complaints", D.FirstTo),
    ("announced", D.AnnouncedWhen), ("announced_by", D.AnnouncedBy), ("revised", D.RevisedFor), ("bases", Basis), ("kinds", model.Kind),
    ("short_kinds", model.Kind), ("counted", CountedFrom), ("who", Role),
])
def test_every_word_of_a_list_can_be_said_in_every_language(spoken: str, part_: str, kind: type[StrEnum]) -> None:
    unsaid = {"unstated", "none-stated", "none"} if kind is not C.ChannelConsent else {"unstated"}
    said = language(spoken).under(part_)
    assert {str(word) for word in kind} - unsaid <= said.keys()


@pytest.mark.parametrize("spoken", languages())
def test_rights_that_a_pack_or_a_policy_can_name_are_said(spoken: str) -> None:
    from troth.policy.sections_demands import RIGHTS_NAMES

    assert set(RIGHTS_NAMES) <= language(spoken).under("right").keys()


# what the laws want said


@pytest.mark.parametrize("name", FIVE)
def test_each_notice_holds_what_articles_13_and_14_ask(name: str) -> None:
    policy = read_policy(EXAMPLES / name / "policy.yaml")
    text = _text(policy)
    headings = ["Who we are", "What we use data for", "What we hold, and for how long", "Whether you have to give us data", "Who else receives data",
                "Cookies", "Your rights", "If you are unhappy", "How to reach us", "Changes"]
    assert [heading for heading in headings if f"## {heading}\n" not in text] == []
    for purpose in policy.purposes.values():
        said = text.split(f"### {purpose.label}\n")[1].split("\n#")[0]
        assert all(f"**{term}**" in said for term in ("Rests on", "Your say", "Data", "Kept for")), purpose.id
    for words in ("take back a yes at any time", "complain to the authority", "have your data in a file", "have us store your data",
                  policy.organisation.name, policy.organisation.email, "Data reaches us through"):
        assert words in text


@pytest.mark.parametrize("name", [name for name in FIVE if "california" in read_policy(EXAMPLES / name / "policy.yaml").regimes])
def test_californians_are_told_kinds_sources_uses_time_recipients_and_of_sale(name: str) -> None:
    policy = read_policy(EXAMPLES / name / "policy.yaml")
    told = _text(policy).split("## For people in California\n")[1].split("\n## ")[0]
    assert "| Kind of data | Which | Comes from | Used for | Kept for | Disclosed to |" in told
    for item in policy.items.values():
        if any(item.id in purpose.items for purpose in policy.purposes.values()):
            assert item.label.lower() in told.lower(), item.id
    young = "Advertising partners" if policy.sharing.advertising_partners == "allowed" else "under 16"
    for words in ("twelve months", young, "say no to sale", "without being treated worse", "You need no account to ask",
                  "Someone else may ask for you", "cppa.ca.gov"):
        assert words in told


def test_a_processor_says_who_decides_and_sends_people_there() -> None:
    text = _text(replace(INFINITY, organisation=replace(INFINITY.organisation, role=Role.PROCESSOR)))
    assert "The client you deal with decides what your data is used for, and answers for it." in text
    assert "we refer you to it" in text and "please send your request to that client" in text
    assert "What we hold for a client, we give to others only as that client instructs." in text


def test_what_a_policy_says_of_rights_takes_nothing_from_what_a_law_gives() -> None:
    fewer = part("rights", offered=("access",), only_under=("gdpr",))(INFINITY)
    text = _text(fewer)
    assert "### In the European Union and the United Kingdom" in text and "### Elsewhere" not in text
    assert text.count("complain to the authority") == 1
    elsewhere = _text(part("rights", offered=("access",))(INFINITY)).split("### Elsewhere")[1].split("###")[0]
    assert "see the data we hold about you" in elsewhere and "complain" not in elsewhere


def test_a_right_under_the_names_of_two_laws_is_said_once() -> None:
    told = _text(part("rights", offered=("access", "erasure", "rectification"))(INFINITY)).split("## For people in California\n")[1]
    assert told.count("have your data deleted") == told.count("have wrong data put right") == 1


def test_a_claim_of_complete_safety_beside_its_denial_is_not_repeated() -> None:
    both = part("security", claims=(C.SafetyClaim.COMPLETE, C.SafetyClaim.NOT_GUARANTEED))(INFINITY)
    assert "is safe with us" not in _text(both) and "we cannot guarantee it" in _text(both)
    assert "is safe with us" in _text(part("security", claims=(C.SafetyClaim.COMPLETE,))(INFINITY))


def test_a_looser_way_of_asking_is_followed_by_what_the_law_asks() -> None:
    words = "Where the law of your place asks for it, we store nothing that the site can do without before you say yes."
    opt_out = part("asking", mode=C.AskMode.OPT_OUT)(INFINITY)
    assert f"at any time later. {words}" in _text(opt_out)
    assert words not in _text(part("asking", mode=C.AskMode.ASK_FIRST)(INFINITY))
    harmless = {id: replace(cookie, purposes=()) for id, cookie in INFINITY.cookies.items()}
    assert words not in _text(replace(opt_out, cookies=harmless))


def test_what_is_said_of_cookies_in_general_is_said_only_where_it_is_true() -> None:
    said = part("asking", automatic=C.Automatic.COOKIES_ONLY, anonymous=True, sole_kinds=("personalisation",))
    text = _text(said(INFINITY))
    assert not any(words in text for words in ("Apart from cookies", "Cookies tell nobody", "and nothing else."))
    plain = {id: replace(cookie, personal=False, purposes=("personalisation",)) for id, cookie in INFINITY.cookies.items()}
    items = {id: item for id, item in INFINITY.items.items() if id != "device.ip"}
    text = _text(said(replace(INFINITY, cookies=plain, items=items, linking=C.Linking())))
    assert "Apart from cookies" in text and "Cookies tell nobody who you are. Cookies serve personalisation, and nothing else." in text


def test_a_client_tells_of_an_item_only_when_it_switched_it_on() -> None:
    waiting = entry("items", "post.text", enabled_by=EnabledBy.CLIENT)(INFINITY)
    assert "We hold public comment only for a client" in _text(waiting)
    client = replace(waiting, parent="infinity")
    assert "ublic comment;" not in _text(client) and "only for a client" not in _text(client)
    on = entry("items", "post.text", enabled=True)(client)
    assert "public comment;" in _text(on) and "only for a client" not in _text(on)


def test_a_long_notice_begins_with_a_way_to_each_of_its_parts() -> None:
    html = as_html(notice(INFINITY, "v"))
    contents = html.split("<nav")[1].split("</nav>")[0]
    ids = [each.split('"')[0] for each in contents.split('href="#')[1:]]
    assert len(ids) > 15 and all(f'<section id="{id}"' in html for id in ids)
    assert "<nav" not in as_html(cookie_page(INFINITY))
