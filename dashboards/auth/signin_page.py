"""The page before all others: a form, a way to a provider, or where the link is. Plain HTML without a script, so that little can be wrong with it."""

from __future__ import annotations

from html import escape

_STYLE = """
:root { color-scheme: light dark; --back: #eef1f5; --card: #fff; --text: #1b2430; --soft: #55606e; --line: #7b8694; --act: #1f5fbf; --on: #fff; --bad: #a3211a; --badback: #fbecea }
@media (prefers-color-scheme: dark) {
  :root { --back: #0d1116; --card: #1b212a; --text: #e6eaf0; --soft: #a7b0bd; --line: #7b8694; --act: #8ab4f8; --on: #0d1520; --bad: #f5b1ab; --badback: #3a1f1e }
}
* { box-sizing: border-box }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text);
  font: 16px/1.5 system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif }
main { width: min(25rem, 92vw); padding: 2.25rem 2rem; background: var(--card); border-radius: .75rem; border-top: 4px solid var(--act);
  box-shadow: 0 2px 18px #0003 }
h1 { margin: 0; font-size: 1.5rem; letter-spacing: .01em }
p { margin: .15rem 0 1.4rem; color: var(--soft) }
label { display: block; margin: 0 0 1rem; font-size: .9rem; font-weight: 600 }
input { display: block; width: 100%; margin-top: .3rem; padding: .6rem .7rem; font: inherit; font-weight: 400; color: inherit;
  background: transparent; border: 1px solid var(--line); border-radius: .4rem }
button, .button { display: block; width: 100%; margin-top: 1.4rem; padding: .65rem; font: inherit; font-weight: 600; text-align: center;
  text-decoration: none; color: var(--on); background: var(--act); border: 0; border-radius: .4rem; cursor: pointer }
code { font: .95em ui-monospace, "DejaVu Sans Mono", monospace }
:focus-visible { outline: 3px solid var(--act); outline-offset: 2px }
button.second { color: var(--text); background: transparent; border: 1px solid var(--line) }
.bad, .good { padding: .6rem .8rem; border-radius: .4rem; overflow-wrap: anywhere }
.bad { color: var(--bad); background: var(--badback) }
.good { color: var(--text); background: var(--back) }
"""

_FORM = """<form method="post" action="/sign-in">
<input type="hidden" name="then" value="{then}">
<label>Name<input name="name" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus maxlength="64"></label>
<label>Password<input name="password" type="password" autocomplete="current-password" required maxlength="1024"></label>
<button>Sign in</button></form>"""


_AGAIN = """<form method="post" action="/sign-in">
<input type="hidden" name="then" value="{then}"><input type="hidden" name="again" value="1">
<button class="second">Print a link again</button></form>"""


def page(
    title: str, *, form: bool, again: bool = False, told: str = "", bad: bool = False, then: str = "/",
    provider: str = "", away: str = "",
) -> str:  # fmt: skip
    """The page: a form for name and password, one that has a link printed ``again``, or the way ``away`` to a provider.

    ``told`` is what came of the last try, ``then`` where to go afterwards.
    """
    kind = 'class="bad" role="alert"' if bad else 'class="good" role="status"'
    line = f"<p {kind}>{escape(told)}</p>" if told else ""
    to = f'<a class="button" href="{escape(away)}">Sign in with {escape(provider)}</a>' if away else ""
    fields = (_FORM if form else _AGAIN if again else "").format(then=escape(then))
    return _whole("Lictor: sign in", f"<h1>Lictor</h1><p>{escape(title)}</p>{line}{fields}{to}")


def onward(then: str) -> str:
    """A page that goes on by itself: a redirect from another site's click would come without the new cookie."""
    address = escape(then)
    return _whole(
        "Lictor", f'<h1>Lictor</h1><p>You are signed in.</p><a class="button" href="{address}">Open the dashboard</a>',
        f'<meta http-equiv="refresh" content="0;url={address}">',
    )  # fmt: skip


def signed_out() -> str:
    """The page after the last."""
    return _whole(
        "Lictor: signed out", '<h1>Lictor</h1><p>You have signed out.</p><a class="button" href="/sign-in">Sign in</a>'
    )


def _whole(title: str, body: str, head: str = "") -> str:
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">{head}<style>{_STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
