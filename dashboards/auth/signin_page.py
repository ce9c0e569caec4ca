"""The page before all others: a form, or where the link is. Plain HTML without a script, so that little can be wrong with it."""

from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; --back: #f6f7f9; --card: #fff; --text: #1b2430; --soft: #55606e; --line: #8b95a3; --act: #1f5fbf; --on: #fff; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --back: #12161c; --card: #1b212a; --text: #e6eaf0; --soft: #a7b0bd; --line: #6b7685; --act: #8ab4f8; --on: #0d1520; --bad: #f2a29b }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif }
main { width: min(24rem, 92vw); padding: 2rem; background: var(--card); border-radius: .75rem; box-shadow: 0 1px 12px #0002 }
h1 { margin: 0 0 .25rem; font-size: 1.35rem } p { margin: 0 0 1.25rem; color: var(--soft) }
label { display: block; margin: 0 0 .9rem; font-size: .9rem }
input { display: block; width: 100%; margin-top: .25rem; padding: .55rem .65rem; font: inherit; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .4rem }
button { width: 100%; padding: .6rem; font: inherit; font-weight: 600; color: var(--on); background: var(--act); border: 0; border-radius: .4rem; cursor: pointer }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
.bad { color: var(--bad); font-weight: 600 }
"""


def page(title: str, *, form: bool, told: str = "", then: str = "/") -> str:
    """The page; ``told`` is what went wrong before, ``then`` where to go afterwards."""
    bad = f'<p class="bad" role="alert">{escape(told)}</p>' if told else ""
    return _whole(
        "Lictor: sign in",
        f"<h1>Lictor</h1><p>{escape(title)}</p>{bad}{_FORM.format(then=escape(then)) if form else ''}",
    )


def onward(then: str) -> str:
    """A page that goes on by itself: a redirect from another site's click would come without the new cookie."""
    address = escape(then)
    return _whole(
        "Lictor", f'<h1>Lictor</h1><p>You are signed in.</p><p><a href="{address}">Open the dashboard</a></p>',
        f'<meta http-equiv="refresh" content="0;url={address}">',
    )  # fmt: skip


def signed_out() -> str:
    """The page after the last."""
    return _whole(
        "Lictor: signed out", '<h1>Lictor</h1><p>You have signed out.</p><p><a href="/sign-in">Sign in</a></p>'
    )


_FORM = """<form method="post" action="/sign-in">
<input type="hidden" name="then" value="{then}">
<label>Name<input name="name" autocomplete="username" required autofocus maxlength="64"></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>
<button>Sign in</button></form>"""


def _whole(title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">{head}<style>{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
