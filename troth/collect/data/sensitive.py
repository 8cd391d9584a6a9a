"""Which words speak of health, belief and the like? A list by category and language, for free text that people send.

Source: our own, 2026-11, from GDPR Art. 9(1): its categories, and the plain words of English and German by which people
mention them of themselves. Chosen to be seldom said of anything else: `union` alone is no word here, `trade union` is.
A word that ends in `*` stands for every word that begins so. Words are compared without regard to case.
"""

from __future__ import annotations

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "health": {
        "en": (
            "diabet*", "cancer", "chemotherapy", "hiv", "aids", "depression", "depressed", "antidepressant*", "anxiety disorder",
            "asthma*", "epilep*", "pregnan*", "miscarriage", "abortion", "disabilit*", "disabled", "wheelchair", "diagnos*", "my illness",
            "my disease", "surgery", "my medication", "my doctor", "prescription*", "hospital*", "psychiatr*", "psychotherap*",
            "my therapist", "autis*", "adhd", "dementia", "bipolar", "schizophren*", "my allergy", "my allergies", "heart attack",
            "tumour", "tumor", "hepatitis", "multiple sclerosis", "insulin",
        ),
        "de": (
            "diabetes", "diabetiker*", "krebs", "krebserkrank*", "chemotherapie", "depression*", "depressiv*", "asthma*", "epilep*",
            "schwanger*", "fehlgeburt", "abtreibung", "behinderung", "behindert*", "schwerbehindert*", "rollstuhl*", "diagnos*",
            "krankheit*", "erkrank*", "krankgeschrieben", "medikament*", "krankenhaus*", "psychiatr*", "psychotherap*", "autis*",
            "demenz*", "allergi*", "herzinfarkt*", "tumor*", "operation am", "meine ärztin", "mein arzt", "meinem arzt", "impfstatus",
            "insulin*",
        ),
    },
    "belief": {
        "en": (
            "my religion", "my faith", "i am muslim", "i'm muslim", "muslim", "islam*", "jewish", "judaism", "catholic*", "protestant",
            "christian faith", "hindu*", "buddhis*", "sikh*", "jehovah*", "atheis*", "mosque", "synagogue", "kosher", "halal", "ramadan",
            "my church",
        ),
        "de": (
            "meine religion", "mein glaube", "meinen glauben", "muslim*", "islam*", "jüdisch*", "judentum", "katholi*", "evangelisch*",
            "hinduis*", "buddhis*", "zeugen jehovas", "atheis*", "moschee*", "synagoge*", "koscher*", "ramadan", "konfession*",
            "aus der kirche ausgetreten",
        ),
    },
    "orientation": {
        "en": (
            "homosexual*", "bisexual*", "heterosexual*", "asexual", "lesbian*", "gay", "queer", "transgender*", "transsexual*",
            "my sexual*", "sexual orientation", "sex life", "my husband and i are both men", "came out as",
        ),
        "de": (
            "homosexuell*", "bisexuell*", "heterosexuell*", "lesbisch*", "schwul*", "queer", "transgender*", "transsexuell*",
            "sexuelle orientierung", "sexualleben", "geoutet",
        ),
    },
    "politics": {
        "en": (
            "i voted for", "i vote for", "party member", "member of the labour party", "member of the conservative party", "my political*",
            "political opinion*", "political view*", "communist", "socialist", "republican party", "democratic party", "green party",
        ),
        "de": (
            "parteimitglied*", "mitglied der spd", "mitglied der cdu", "mitglied der csu", "mitglied der afd", "mitglied der grünen",
            "mitglied der fdp", "mitglied der linken", "ich wähle die", "politische meinung", "politische ansicht*",
            "politische überzeugung*", "kommunist*", "sozialist*",
        ),
    },
    "union": {
        "en": (
            "trade union*", "labor union*", "labour union*", "union member*", "member of a union", "my union", "shop steward", "on strike",
        ),
        "de": (
            "gewerkschaft*", "betriebsrat*", "streikend*", "im streik", "ver.di", "ig metall",
        ),
    },
    "origin": {
        "en": (
            "my race", "my ethnic*", "ethnic origin", "ethnicity", "racial*", "skin colour", "skin color", "my tribe", "romani", "gypsy",
        ),
        "de": (
            "meine herkunft ist", "ethnisch*", "hautfarbe", "rassisch*", "volksgruppe", "roma und sinti",
        ),
    },
    "genes": {
        "en": (
            "genetic test*", "gene test*", "my dna", "dna test*", "genome", "hereditary",
        ),
        "de": (
            "gentest*", "genetisch*", "dna-test*", "meine dna", "erbkrank*", "erbgut",
        ),
    },
    "biometrics": {
        "en": (
            "fingerprint*", "iris scan*", "retina scan*", "face scan", "facial recognition", "voiceprint",
        ),
        "de": (
            "fingerabdr*", "iris-scan*", "irisscan*", "gesichtserkennung", "stimmabdruck", "biometrisch*",
        ),
    },
}
