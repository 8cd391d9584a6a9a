"""Does the squeezed script mean what was written? Small texts here; the whole of it is what the browser tests drive."""

from __future__ import annotations

import pytest

from troth.browser.squeeze import squeezed


@pytest.mark.parametrize(("written", "served"), [
    ("const one = 1; // a word\n/* and more */ use(one);", "let a=1;use(a);"),
    ("const one = 1;\nconst two = 2;\nuse(one);\nlet three = 3;\nconst four = 4;", "let a=1,b=2;use(a);let c=3,d=4;"),
    ("const one = () => {\n  const two = 2;\n  return two;\n};\nconst three = one();", "let a=()=>{let b=2;return b},c=a();"),
    ("if (x) {\n  y();\n}\nconst one = 1;\nz(one);", "if(x){y()}let a=1;z(a);"),
    ("for (const one of x) y(one);", "for(let a of x)y(a);"),
    ("const name = 1;\nuse({ name, other: name });", "let name=1;use({name,other:name});"),
    ("const name = x.name;", "let name=x.name;"),
    ("const one = 'a // b'; use(`c  ${one}\n`, \"one\");", "let a='a // b';use(`c  ${a}`,\"one\");"),
    ("const one = x.match(/[/] const two/);", "let a=x.match(/[/] const two/);"),
    ("const a = 1; const one = a in x;", "let b=1,c=b in x;"),
    ("const one = typeof x; return new One;", "let a=typeof x;return new One;"),
])  # fmt: skip
def test_what_is_served_is_what_was_written(written: str, served: str) -> None:
    assert squeezed(written) == served
