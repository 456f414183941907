"""Who slipped away lately, by net value; one-time buyers apart; names only where they are asked for."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

from regulars.reports import people
from regulars.reports.blocks import Block, Section, Table
from regulars.reports.drawing import Grid

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from regulars.reports.evidence import Evidence
    from regulars.reports.language import Language

TOP_REPEAT = 15
TOP_ONE_TIME = 8


def code(customer_id: str, secret: bytes) -> str:
    """A short name for a customer that stays the same and cannot be turned back without the secret.

    >>> code("17850", b"secret") == code("17850", b"secret"), code("17850", b"secret") == code("17850", b"other")
    (True, False)
    """
    digest = hmac.new(secret, b"review:" + customer_id.encode(), hashlib.sha256).digest()
    letters = base64.b32encode(digest).decode()[:6]
    return f"{letters[:3]}\N{NON-BREAKING HYPHEN}{letters[3:]}"


def naming(language: Language, *, show_names: bool, secret: bytes | None) -> Callable[[str], str]:
    """How customers are called on a page: by id, by a code, or where there is no secret by a number that stays the same on the page."""
    numbers: dict[str, int] = {}

    def name(customer_id: str) -> str:
        if show_names:
            return customer_id
        if secret:
            return code(customer_id, secret)
        return language.say("slipped.hidden", number=numbers.setdefault(customer_id, len(numbers) + 1))

    return name


def slipped(evidence: Evidence, language: Language, name: Callable[[str], str], *, show_names: bool, secret: bytes | None) -> Section:
    """The tables of repeat and one-time buyers."""
    say, session = language.say, evidence.session
    if not evidence.movements() or (session.as_of_day - session.history_start).days <= session.settings.inactive_after_days:
        return Section(
            key="slipped", kicker=say("slipped.kicker"), missing=say("slipped.missing", days=session.settings.inactive_after_days)
        )
    sums = people.slipped_sums(session)
    if not sums:
        return Section(key="slipped", kicker=say("slipped.kicker"), missing=say("slipped.none", days=people.LATELY_DAYS))
    repeat = people.slipped_most_valuable(session, one_time=False, top=TOP_REPEAT)
    once = people.slipped_most_valuable(session, one_time=True, top=TOP_ONE_TIME)
    blocks: list[Block] = []
    if repeat:
        blocks.append(_repeat(evidence, language, repeat, name))
    if once:
        blocks.append(_once(evidence, language, once, name, sums[True]))
    customers, minor = sums.get(False, (0, 0))
    title = say("slipped.title", customers=customers, value=evidence.amount(minor), days=people.LATELY_DAYS)
    notes = [say("slipped.codes")] if secret and not show_names else []
    paragraphs = [say("slipped.lead_named" if show_names else "slipped.lead")]
    return Section(key="slipped", kicker=say("slipped.kicker"), title=title, paragraphs=paragraphs, blocks=blocks, notes=notes)


def _repeat(evidence: Evidence, language: Language, rows: Sequence[people.Slipped], name: Callable[[str], str]) -> Table:
    say = language.say
    head = [
        say("slipped.customer"),
        say("slipped.value", currency=evidence.session.currency or ""),
        say("slipped.orders"),
        say("slipped.last"),
        say("slipped.gap"),
    ]
    values = language.column([evidence.major(r.value_minor) for r in rows])
    body = [
        [
            name(r.customer_id),
            value,
            language.count(r.orders),
            language.day(r.last_day),
            say("slipped.no_gap") if r.usual_gap is None else language.number(r.usual_gap),
        ]
        for r, value in zip(rows, values, strict=True)
    ]
    return Table(title=say("slipped.repeat"), grid=Grid(head=head, rows=body, numbers=(1, 2, 3, 4)))


def _once(
    evidence: Evidence, language: Language, rows: Sequence[people.Slipped], name: Callable[[str], str], sums: tuple[int, int]
) -> Table:
    say = language.say
    head = [say("slipped.customer"), say("slipped.value", currency=evidence.session.currency or ""), say("slipped.last")]
    values = language.column([evidence.major(r.value_minor) for r in rows])
    body = [[name(r.customer_id), value, language.day(r.last_day)] for r, value in zip(rows, values, strict=True)]
    note = say("slipped.one_time_sum", customers=sums[0], value=evidence.amount(sums[1]))
    return Table(title=say("slipped.one_time"), intro=note, grid=Grid(head=head, rows=body, numbers=(1, 2)))
