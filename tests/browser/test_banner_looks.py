"""Does the banner look fair and hold together: equal buttons, the keyboard, right to left, a telephone's width, long words?

Source: WCAG 2.2 AA; STANDARDS "Signals and banners"
"""

from __future__ import annotations

from tests.browser.conftest import Open
from tests.browser.fake_server import TEXT, FakeTroth
from tests.browser.visit import BERLIN


def test_the_three_buttons_look_alike_and_stand_first(visit: Open) -> None:
    for width in (360, 1280):
        cleo = visit(BERLIN, viewport={"width": width, "height": 800})
        cleo.go()
        assert cleo.page.evaluate("document.body.firstElementChild.id") == "troth-banner"
        names = cleo.page.locator("#troth-banner button").all_inner_texts()
        assert names == ["Reject all", "Accept all", "Choose"]
        looks = cleo.page.evaluate("""[...document.querySelectorAll('#troth-banner button')].map(one => {
            const {backgroundColor, color, fontSize, fontWeight, borderColor} = getComputedStyle(one), box = one.getBoundingClientRect();
            return [backgroundColor, color, fontSize, fontWeight, borderColor, Math.round(box.height), Math.round(box.width / 8)].join()})""")
        assert len(set(looks)) == 1, looks
        assert cleo.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_keyboard_goes_through_the_banner_into_the_page(visit: Open) -> None:
    cleo = visit(BERLIN)
    cleo.go()
    reached = []
    for _ in range(8):
        cleo.page.keyboard.press("Tab")
        reached.append(cleo.page.evaluate("document.activeElement.id || document.activeElement.className || document.activeElement.href"))
    assert [one for one in reached if str(one).startswith("troth-")] == ["troth-reject", "troth-accept", "troth-choose"]
    assert reached[6:] == ["skip", "brand"]


def test_the_banner_and_its_dialog_hold_from_right_to_left_on_a_phone(visit: Open) -> None:
    cleo = visit(BERLIN, viewport={"width": 320, "height": 640})
    cleo.go()
    cleo.page.evaluate("document.documentElement.dir = 'rtl'")
    cleo.page.click("#troth-choose")
    box, close = cleo.page.locator("#troth-dialog").bounding_box(), cleo.page.locator("#troth-close").bounding_box()
    assert box and close and close["x"] < box["x"] + box["width"] / 2
    assert cleo.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    sizes = cleo.page.locator("#troth-dialog :is(button, input)").evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert min(sizes) >= 24


def test_long_words_break_instead_of_widening_the_page(visit: Open, fake: FakeTroth) -> None:
    long = "Rechtsschutzversicherungsgesellschaften"
    fake.terms = {"language": "de", "text": {key: f"{long} {word} {long}" for key, word in TEXT.items()}}
    fake.purposes = {id: (long * 2, f"{words[1]} {long * 3}", long) for id, words in fake.purposes.items()}
    cleo = visit(BERLIN, viewport={"width": 320, "height": 640})
    cleo.go()
    within = "all => all.every(one => one.scrollWidth <= one.clientWidth + 1)"
    assert cleo.page.locator("#troth-banner, #troth-banner button").evaluate_all(within)
    assert cleo.page.get_attribute("#troth-banner", "lang") == "de"
    cleo.page.click("#troth-choose")
    assert cleo.page.locator("#troth-dialog, #troth-dialog :is(button, label)").evaluate_all(within)
    assert cleo.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
