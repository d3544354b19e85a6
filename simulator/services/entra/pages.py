"""The few web pages of a sign-in: plain HTML that works with and without a browser."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape

from windtunnel.simulator.services.entra.model import User

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:4rem auto;padding:0 1rem}"
    "button{display:block;width:100%;margin:.5rem 0;padding:.7rem;font:inherit;text-align:left}"
    "input[name=user_code]{font:inherit;padding:.5rem;width:100%;box-sizing:border-box}"
)


def page(title: str, content: str) -> bytes:
    """A whole page; `content` is HTML."""
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>"
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>{content}</html>"
    ).encode()


def message(title: str, text: str) -> bytes:
    """A page that only says something."""
    return page(title, f"<p>{escape(text)}</p>")


def choose_user(
    title: str, action: str, users: Iterable[User], hidden: Mapping[str, str], extra: str = ""
) -> bytes:
    """A form with a button for each user; it posts `upn` and the hidden fields to `action`."""
    fields = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    buttons = "".join(
        f'<button name=upn value="{escape(user.upn)}">{escape(user.name or user.upn)}<br>'
        f"<small>{escape(user.upn)}</small></button>"
        for user in users
    )
    nobody = "" if buttons else "<p>No user is registered: add [[entra.users]] to windtunnel.toml."
    return page(
        title,
        f'<form method=post action="{escape(action)}">{fields}{extra}{buttons}</form>{nobody}',
    )


def post_to(action: str, fields: Mapping[str, str]) -> bytes:
    """A form that a browser sends on by itself: response_mode=form_post."""
    inputs = "".join(
        f'<input type=hidden name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
    return page(
        "Working...",
        f'<form method=post action="{escape(action)}">{inputs}<button>Continue</button></form>'
        "<script>document.forms[0].submit()</script>",
    )
