"""The page before all others: what is on it, and that nothing of what is told becomes markup. (How it looks: tests/browser.)"""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from dashboards.auth import signin_page

HOSTILE = "\"><script>alert(1)</script>&'{then}"


class Parsed(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def all(self, tag):
        return [attrs for name, attrs in self.tags if name == tag]


def test_form_has_labels_names_and_what_password_managers_look_for():
    page = Parsed(signin_page.page("Sign in", form=True))
    fields = {f["name"]: f for f in page.all("input")}
    assert fields["name"]["autocomplete"] == "username"
    assert fields["password"] == {**fields["password"], "type": "password", "autocomplete": "current-password"}
    assert len(page.all("label")) == 2
    assert page.all("form") == [{"method": "post", "action": "/sign-in"}]


def test_page_without_a_form_has_none():
    assert Parsed(signin_page.page("Open the link", form=False)).all("form") == []


def test_link_can_be_asked_for_again_by_a_post():
    page = Parsed(signin_page.page("Open the link", form=False, again=True, then="/audit"))
    assert [(f["name"], f["value"]) for f in page.all("input")] == [("then", "/audit"), ("again", "1")]
    assert page.all("form")[0]["method"] == "post"


def test_way_to_a_provider_is_a_link():
    page = Parsed(signin_page.page("Sign in", form=False, provider="Entra <ID>", away="/sign-in/away?then=%2F"))
    assert page.all("a")[0]["href"] == "/sign-in/away?then=%2F"
    assert "Sign in with Entra <ID>" in page.texts


def test_what_went_wrong_is_announced():
    assert 'role="alert"' in signin_page.page("x", form=True, told="Name or password is wrong.", bad=True)
    assert 'role="status"' in signin_page.page("x", form=True, told="It stands there.")
    assert "role=" not in signin_page.page("x", form=True)


@pytest.mark.parametrize(
    "html",
    [
        signin_page.page(HOSTILE, form=True, told=HOSTILE, then=HOSTILE, provider=HOSTILE, away=HOSTILE),
        signin_page.page("x", form=False, again=True, then=HOSTILE),
        signin_page.onward("/" + HOSTILE),
        signin_page.signed_out(),
    ],
)  # fmt: skip
def test_no_scripts_whatever_is_told(html):
    page = Parsed(html)
    assert page.all("script") == []
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert page.all("html") == [{"lang": "en"}]
    assert len(page.all("h1")) == 1


def test_hostile_texts_are_kept_as_they_are():
    page = Parsed(signin_page.page("x", form=True, then=HOSTILE, told=HOSTILE))
    assert page.all("input")[0]["value"] == HOSTILE
    assert HOSTILE in page.texts


def test_page_after_the_sign_in_goes_on_by_itself():
    page = Parsed(signin_page.onward("/audit?a=1&b=2"))
    assert {"http-equiv": "refresh", "content": "0;url=/audit?a=1&b=2"} in page.all("meta")
    assert page.all("a")[0]["href"] == "/audit?a=1&b=2"


def _luminance(colour):
    full = colour * 2 if len(colour) == 3 else colour
    full = "".join(c * 2 for c in colour) if len(colour) == 3 else full
    parts = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_meet_wcag_aa_in_light_and_in_dark():
    """4.5 to 1 for text (1.4.3), 3 to 1 for borders of fields (1.4.11)."""
    sets = re.findall(r":root \{([^}]*)\}", signin_page._STYLE)
    assert len(sets) == 2
    for found in sets:
        colour = dict(re.findall(r"--(\w+): #([0-9a-f]+)", found))
        for text, back in (("text", "card"), ("soft", "card"), ("on", "act"), ("bad", "badback"), ("text", "back")):
            assert _contrast(colour[text], colour[back]) >= 4.5, (text, back, found)
        assert _contrast(colour["line"], colour["card"]) >= 3
        assert _contrast(colour["act"], colour["card"]) >= 3  # the ring around what has the focus
