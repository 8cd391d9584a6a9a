"""Which well-known places send visitors, and what kind are they? Tables; they decide nothing.

`source` is the short name we report. EVERYWHERE rows hold for the host and all hosts below it; AT_THE_DOOR
rows only for the host itself and the FRONT_DOORS before it, because other services live below the same name.
Source: the services' own addresses; for Google, https://www.google.com/supported_domains
"""

from __future__ import annotations

ORGANIC, SOCIAL, EMAIL, ASSISTANT = "organic", "social", "email", "assistant"

FRONT_DOORS = frozenset({"", "www", "m", "images", "cn", "html", "lite", "safe", "mobile", "amp"})

_ENDS = (
    "com ad ae al am as at az ba be bf bg bi bj bs bt by ca cat cd cf cg ch ci cl cm cn cv cz de dj dk dm dz ee "
    "es fi fm fr ga ge gg gl gm gr gy hn hr ht hu ie im iq is it je jo kg ki kz la li lk lt lu lv md me mg mk ml "
    "mn mu mv mw ne nl no nr nu pl pn ps pt ro rs ru rw sc se sh si sk sm sn so sr st td tg tl tm tn to tt vu ws"
)
_CO_ENDS = "ao bw ck cr id il in jp ke kr ls ma mz nz th tz ug uk uz ve vi za zm zw"
_COM_ENDS = (
    "af ag ar au bd bh bn bo br bz co cu cy do ec eg et fj gh gi gt hk jm kh kw lb ly mm mt mx my na ng ni np om "
    "pa pe pg ph pk pr py qa sa sb sg sl sv tj tr tw ua uy vc vn"
)
_YANDEX_ENDS = "ru com by kz uz ua az ee fr lt lv md tj tm com.tr com.am com.ge co.il"
_PINTEREST_ENDS = "com at ca ch cl co.kr co.uk com.au com.mx de dk es fr ie it jp nz pt se"
_GOOGLE = (
    *(f"google.{end}" for end in _ENDS.split()),
    *(f"google.co.{end}" for end in _CO_ENDS.split()),
    *(f"google.com.{end}" for end in _COM_ENDS.split()),
)
_YANDEX = tuple(f"yandex.{end}" for end in _YANDEX_ENDS.split())
_PINTEREST = tuple(f"pinterest.{end}" for end in _PINTEREST_ENDS.split())

AT_THE_DOOR: dict[str, tuple[str, str]] = {
    **{host: ("google", ORGANIC) for host in _GOOGLE},
    **{host: ("yandex", ORGANIC) for host in (*_YANDEX, "ya.ru")},
    "bing.com": ("bing", ORGANIC),
    "baidu.com": ("baidu", ORGANIC),
    "ask.com": ("ask", ORGANIC),
    "sogou.com": ("sogou", ORGANIC),
    "so.com": ("360", ORGANIC),
    "seznam.cz": ("seznam", ORGANIC),
    "lycos.com": ("lycos", ORGANIC),
    "kagi.com": ("kagi", ORGANIC),
    "you.com": ("you", ORGANIC),
    "ok.ru": ("ok", SOCIAL),
    "line.me": ("line", SOCIAL),
    "grok.com": ("grok", ASSISTANT),
}

EVERYWHERE: dict[str, tuple[str, str]] = {
    # search
    "duckduckgo.com": ("duckduckgo", ORGANIC),
    "ecosia.org": ("ecosia", ORGANIC),
    "qwant.com": ("qwant", ORGANIC),
    "startpage.com": ("startpage", ORGANIC),
    "search.brave.com": ("brave", ORGANIC),
    "mojeek.com": ("mojeek", ORGANIC),
    "swisscows.com": ("swisscows", ORGANIC),
    "metager.org": ("metager", ORGANIC),
    "metager.de": ("metager", ORGANIC),
    "search.yahoo.com": ("yahoo", ORGANIC),
    "search.yahoo.co.jp": ("yahoo", ORGANIC),
    "search.aol.com": ("aol", ORGANIC),
    "search.naver.com": ("naver", ORGANIC),
    "search.daum.net": ("daum", ORGANIC),
    "search.seznam.cz": ("seznam", ORGANIC),
    "search.lycos.com": ("lycos", ORGANIC),
    "nova.rambler.ru": ("rambler", ORGANIC),
    "go.mail.ru": ("mail.ru-search", ORGANIC),
    "suche.t-online.de": ("t-online", ORGANIC),
    "suche.web.de": ("web.de-search", ORGANIC),
    "suche.gmx.net": ("gmx-search", ORGANIC),
    # social
    **{host: ("pinterest", SOCIAL) for host in (*_PINTEREST, "pin.it")},
    "facebook.com": ("facebook", SOCIAL),
    "fb.com": ("facebook", SOCIAL),
    "fb.me": ("facebook", SOCIAL),
    "messenger.com": ("messenger", SOCIAL),
    "instagram.com": ("instagram", SOCIAL),
    "threads.net": ("threads", SOCIAL),
    "threads.com": ("threads", SOCIAL),
    "twitter.com": ("x", SOCIAL),
    "x.com": ("x", SOCIAL),
    "t.co": ("x", SOCIAL),
    "linkedin.com": ("linkedin", SOCIAL),
    "lnkd.in": ("linkedin", SOCIAL),
    "youtube.com": ("youtube", SOCIAL),
    "youtu.be": ("youtube", SOCIAL),
    "reddit.com": ("reddit", SOCIAL),
    "tiktok.com": ("tiktok", SOCIAL),
    "snapchat.com": ("snapchat", SOCIAL),
    "whatsapp.com": ("whatsapp", SOCIAL),
    "wa.me": ("whatsapp", SOCIAL),
    "telegram.org": ("telegram", SOCIAL),
    "t.me": ("telegram", SOCIAL),
    "discord.com": ("discord", SOCIAL),
    "discordapp.com": ("discord", SOCIAL),
    "bsky.app": ("bluesky", SOCIAL),
    "mastodon.social": ("mastodon", SOCIAL),
    "tumblr.com": ("tumblr", SOCIAL),
    "quora.com": ("quora", SOCIAL),
    "flickr.com": ("flickr", SOCIAL),
    "twitch.tv": ("twitch", SOCIAL),
    "xing.com": ("xing", SOCIAL),
    "vk.com": ("vk", SOCIAL),
    "weibo.com": ("weibo", SOCIAL),
    "weibo.cn": ("weibo", SOCIAL),
    "zhihu.com": ("zhihu", SOCIAL),
    "douban.com": ("douban", SOCIAL),
    "tieba.baidu.com": ("tieba", SOCIAL),
    "news.ycombinator.com": ("hacker-news", SOCIAL),
    "lobste.rs": ("lobsters", SOCIAL),
    # mail read in a browser
    "mail.google.com": ("gmail", EMAIL),
    "outlook.live.com": ("outlook", EMAIL),
    "outlook.office.com": ("outlook", EMAIL),
    "outlook.office365.com": ("outlook", EMAIL),
    "mail.live.com": ("outlook", EMAIL),
    "mail.yahoo.com": ("yahoo-mail", EMAIL),
    "mail.yahoo.co.jp": ("yahoo-mail", EMAIL),
    "mail.aol.com": ("aol-mail", EMAIL),
    "mail.proton.me": ("proton-mail", EMAIL),
    "mail.zoho.com": ("zoho-mail", EMAIL),
    "mail.zoho.eu": ("zoho-mail", EMAIL),
    "app.fastmail.com": ("fastmail", EMAIL),
    "app.tuta.com": ("tuta", EMAIL),
    "e.mail.ru": ("mail.ru", EMAIL),
    "mail.qq.com": ("qq-mail", EMAIL),
    "mail.163.com": ("163-mail", EMAIL),
    "mail.naver.com": ("naver-mail", EMAIL),
    "navigator.gmx.net": ("gmx", EMAIL),
    "navigator.web.de": ("web.de", EMAIL),
    **{f"mail.{host}": ("yandex-mail", EMAIL) for host in _YANDEX},
    # assistants
    "chatgpt.com": ("chatgpt", ASSISTANT),
    "chat.openai.com": ("chatgpt", ASSISTANT),
    "perplexity.ai": ("perplexity", ASSISTANT),
    "claude.ai": ("claude", ASSISTANT),
    "gemini.google.com": ("gemini", ASSISTANT),
    "bard.google.com": ("gemini", ASSISTANT),
    "copilot.microsoft.com": ("copilot", ASSISTANT),
    "chat.mistral.ai": ("mistral", ASSISTANT),
    "chat.deepseek.com": ("deepseek", ASSISTANT),
    "meta.ai": ("meta-ai", ASSISTANT),
    "poe.com": ("poe", ASSISTANT),
}

# What Android apps send as `android-app://NAME/`.
APPS: dict[str, tuple[str, str]] = {
    "com.google.android.googlequicksearchbox": ("google", ORGANIC),
    "com.google.android.gm": ("gmail", EMAIL),
    "com.google.android.youtube": ("youtube", SOCIAL),
    "com.linkedin.android": ("linkedin", SOCIAL),
    "com.facebook.katana": ("facebook", SOCIAL),
    "com.twitter.android": ("x", SOCIAL),
    "com.reddit.frontpage": ("reddit", SOCIAL),
    "com.pinterest": ("pinterest", SOCIAL),
    "org.telegram.messenger": ("telegram", SOCIAL),
    "com.whatsapp": ("whatsapp", SOCIAL),
    "com.microsoft.office.outlook": ("outlook", EMAIL),
    "com.openai.chatgpt": ("chatgpt", ASSISTANT),
}

# Marks that advertisers' systems put in a landing address.
CLICKS: dict[str, tuple[str, str]] = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "msclkid": ("bing", "cpc"),
    "fbclid": ("facebook", "paid-social"),
}
