"""How does a file say what people may demand and how they are told? The keys of the sections on rights, children, complaints.

It reads and writes; what the words mean is in `demands`.
"""

from __future__ import annotations

from datetime import timedelta

from troth.policy.demands import (
    AnnouncedBy,
    AnnouncedWhen,
    Announcements,
    AssumedBasis,
    BasisRules,
    Children,
    ChildrenThen,
    Complaints,
    ErasureGround,
    ErasureRules,
    Excessive,
    Fees,
    FileFormat,
    FirstFee,
    FirstTo,
    FreeText,
    NumberFound,
    ObjectionEffect,
    ObjectionRules,
    PortabilityOf,
    PortabilityRules,
    PortabilityTo,
    RefuseOn,
    Regulator,
    RestrictionGround,
    RestrictionOf,
    RestrictionRules,
    RevisedFor,
    Rights,
    Route,
    TakesEffect,
    Verification,
    VerifyBy,
    VerifyWhen,
    WordFound,
)
from troth.policy.finding import Code, field_at
from troth.policy.marked import Node
from troth.policy.model import Basis
from troth.policy.shapes import DURATION, FLAG, LOOSE, NAMES, NUMBER, Key, Shape, Where, among, choice, listing, part

RIGHTS_NAMES = (
    "access", "rectification", "erasure", "restriction", "portability", "objection", "withdrawal", "complaint",
    "know", "delete", "correct", "opt-out", "no-discrimination")
"""Rights by the names that the regimes' packs give them."""


def _read_days(node: Node, where: Where) -> timedelta:
    length = DURATION.read(node, where)
    if length % timedelta(days=1):
        where.wrong(Code.NOT_A_DURATION, f"{field_at(where.place)} must be whole days", node.spot)
    return length


DAYS: Shape[timedelta] = Shape(_read_days, DURATION.write, timedelta(0), form={"type": "string", "pattern": "^[1-9][0-9]{0,5}[wd]$"})

_VERIFICATION = part(
    Verification(),
    Key("when", choice(VerifyWhen), help="When somebody must show who they are.", example="in-doubt"),
    Key("by", listing(choice(VerifyBy)), help="How they show it.", example="[one-time-link]"))

_FEES = part(
    Fees(),
    Key("first", choice(FirstFee), help="What the first subject request costs.", example="free"),
    Key("excessive", choice(Excessive), help="What becomes of one that is unfounded or repeats too often.", example="fee-or-refuse"),
    Key("after", NUMBER, help="The same subject request this often in a year may be called repetitive.", example="3"),
    Key("refuse_on", listing(choice(RefuseOn)), help="Other grounds to refuse.", example="[legal-grounds]"))

_ERASURE = part(
    ErasureRules(),
    Key("grounds", listing(choice(ErasureGround)), help="Grounds one of which must be given; left out: none need be.",
        example="[no-longer-needed, consent-withdrawn]"),
    Key("reasons_asked", FLAG, help="People are asked for their reasons.", example="true"))

_RESTRICTION = part(
    RestrictionRules(),
    Key("grounds", listing(choice(RestrictionGround)), help="Grounds one of which must be given; left out: none need be.",
        example="[accuracy, claims]"),
    Key("of", choice(RestrictionOf), help="How finely a person may say what is to be restricted.", example="purposes"),
    Key("written", FLAG, help="It must be asked for in writing.", example="true"))

_OBJECTION = part(
    ObjectionRules(),
    Key("marketing", choice(ObjectionEffect), help="What an objection to marketing does.", example="weighed"),
    Key("others", choice(ObjectionEffect), help="What an objection to any other use does.", example="absolute"),
    Key("profiling", choice(ObjectionEffect), help="What an objection to profiling does.", example="absolute"))

_PORTABILITY = part(
    PortabilityRules(),
    Key("of", choice(PortabilityOf), help="Which data a person may take along; `provided` is all but what was worked out from it.",
        example="any"),
    Key("under", listing(among([str(basis) for basis in Basis])), help="Bases on which it must be held; an empty list: any.", example="[consent]"),
    Key("formats", listing(choice(FileFormat)), help="Formats of the file.", example="[csv]"),
    Key("to", listing(choice(PortabilityTo)), help="Who may receive it.", example="[person]"),
    Key("free", FLAG, help="It costs nothing.", example="false"),
    Key("direct", FLAG, help="It is sent straight to the other organisation where that can be done.", example="true"))

RIGHTS = part(
    Rights(),
    Key("offered", listing(among(RIGHTS_NAMES)), help="Rights that everyone has here; left out: those of the law that covers the person.",
        example="[access, erasure]"),
    Key("only_under", NAMES, help="Laws whose people alone have the rights of the law; left out: all of them.", example="[gdpr]"),
    Key("routes", listing(choice(Route)), help="Ways to send a subject request.", example="[centre, email]"),
    Key("answer_within", DAYS, help="When a subject request is answered, if sooner than the law asks.", example="14d"),
    Key("per_year", NUMBER, help="How often in twelve months one may ask; left out: as the law says.", example="2"),
    Key("by_agreement", FLAG, help="What the client's contract says goes first.", example="true"),
    Key("verification", _VERIFICATION, help="How people show who they are.", example="{when: in-doubt}"),
    Key("fees", _FEES, help="What a subject request may cost.", example="{first: free, after: 2}"),
    Key("erasure", _ERASURE, help="How data is erased on request.", example="{reasons_asked: true}"),
    Key("restriction", _RESTRICTION, help="How use is restricted on request.", example="{of: purposes}"),
    Key("objection", _OBJECTION, help="What an objection does.", example="{others: absolute}"),
    Key("portability", _PORTABILITY, help="How data is taken along.", example="{of: any, formats: [csv]}"))

BASIS = part(
    BasisRules(),
    Key("default", choice(AssumedBasis), help="What a purpose rests on that names no basis.", example="client-instruction"),
    Key("notified", FLAG, help="People are told the basis of each purpose.", example="true"))

CHILDREN = part(
    Children(),
    Key("age", NUMBER, help="Who is younger counts as a child; left out: no age is stated, and under 18 counts.", example="13"),
    Key("then", choice(ChildrenThen), help="What becomes of a child's data.", example="refuse"))

FREE_TEXT = part(
    FreeText(),
    Key("card", choice(NumberFound), help="What becomes of the number of a payment card or bank account in a text that people write.",
        example="refuse"),
    Key("national_id", choice(NumberFound), help="What becomes of a national identity number in such a text.", example="refuse"),
    Key("special", choice(WordFound), help="What becomes of such a text when it speaks of a special category, such as health.", example="refuse"))

COMPLAINTS = part(
    Complaints(),
    Key("first", choice(FirstTo), help="Whom people are asked to complain to first.", example="company"),
    Key("regulator", choice(Regulator), help="Which regulator they may turn to.", example="any"),
    Key("email", LOOSE, help="Where complaints are received.", example="complaints@shop.example"),
    Key("procedure", LOOSE, help="How a complaint is answered, in words or as an address.", example="We answer within ten days."))

ANNOUNCEMENTS = part(
    Announcements(),
    Key("advance", DURATION, help="How long before it takes effect a change is announced; left out: not beforehand.", example="30d"),
    Key("when", listing(choice(AnnouncedWhen)), help="Kinds of change that are announced.", example="[material]"),
    Key("individually", FLAG, help="Each person concerned is told.", example="true"),
    Key("by", listing(choice(AnnouncedBy)), help="Where it is announced.", example="[site, email]"),
    Key("effective", choice(TakesEffect), help="When a version takes effect.", example="on-posting"),
    Key("reasons", listing(choice(RevisedFor)), help="Reasons that a version may give.", example="[law, new-features]"),
    Key("purpose", LOOSE, help="The purpose that messages about changes are sent for.", example="service-messages"))
