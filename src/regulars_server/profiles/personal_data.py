"""What this app holds of persons, and how each of it is handed out and erased."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from regulars.identities.constraints import Constraints
from regulars_server.profiles import models
from regulars_server.profiles.bulk import delete_among, links_of, one_writer, rows_among
from regulars_server.profiles.known import changed_by_hand, read_decisions
from regulars_server.profiles.part import Part, read_rows
from regulars_server.profiles.rebuilding import rebuild
from regulars_server.profiles.rules import rules
from regulars_server.shared.public import Holding, write_tx

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from django.db.models import Model

    from regulars_server.shared.public import Ids

_GRAPH: tuple[tuple[type[Model], tuple[str, ...]], ...] = (
    (models.Identity, ("identity", "customer_id")),
    (models.Link, ("left", "right")),
    (models.Identification, ("anonymous", "user")),
)
_KEPT = "as long as the person is a customer: without it nobody could tell whose rows are whose; erased on request"


def _export(model: type[Model], columns: tuple[str, ...], ids: Ids) -> Iterator[Mapping[str, Any]]:
    """The rows that name the person in one of `columns`."""
    names = [field.column for field in model._meta.concrete_fields if field.name != "id"]
    table = model._meta.db_table
    chosen = ", ".join(f'"{name}"' for name in names)
    found = {row for column in columns for row in rows_among(table, chosen, f'"{column}"', ids)}
    for row in sorted(found, key=str):
        yield dict(zip(names, row, strict=True))


def _erase(model: type[Model], columns: tuple[str, ...], ids: Ids) -> int:
    """Delete them."""
    with write_tx():
        one_writer()
        gone = sum(delete_among(model._meta.db_table, f'"{column}"', ids) for column in columns)
        if gone:
            changed_by_hand()
    return gone


def _erase_identities(ids: Ids) -> int:
    """Delete the person's identities and links, and look anew at what others shared with the person."""
    with write_tx():
        one_writer()
        others = {end for left, right, _, _ in links_of(ids) for end in (left, right)} - ids
        gone = 0
        for model, columns in _GRAPH:
            gone += sum(delete_among(model._meta.db_table, f'"{column}"', ids) for column in columns)
        changed_by_hand()
        part = Part(Constraints(read_decisions()), rules())
        part.know(read_rows(others))
        part.reach(one for one in others if one in part.rows)
        rebuild(part, {}, news=())
    return gone


def _mentioning(model: type[Model], lists: tuple[str, ...], ids: Ids) -> list[Any]:
    """The rows whose lists name one of the ids; there are as many as people made decisions or have to."""
    return [row for row in model.objects.iterator(chunk_size=500) if any(not ids.isdisjoint(_texts(getattr(row, name))) for name in lists)]


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _export_lists(model: type[Model], lists: tuple[str, ...], ids: Ids) -> Iterator[Mapping[str, Any]]:
    for row in _mentioning(model, lists, ids):
        # Whoever else is named in it is another person.
        yield {"id": row.pk, **{name: [text for text in _texts(getattr(row, name)) if text in ids] for name in lists}}


def _erase_decisions(ids: Ids) -> int:
    """Take the person out of decisions; one that is left without a side goes."""
    with write_tx():
        one_writer()
        found = _mentioning(models.Decision, _DECISIONS, ids)
        for row in found:
            row.left = [text for text in row.left if text not in ids]
            row.right = [text for text in row.right if text not in ids]
            row.seen = {text: at for text, at in row.seen.items() if text not in ids}
            if row.left and row.right:
                row.evidence = ""
                row.save(update_fields=["left", "right", "seen", "evidence"])
            else:
                row.delete()
        if found:
            changed_by_hand()
    return len(found)


def _erase_suggestions(ids: Ids) -> int:
    with write_tx():
        found = _mentioning(models.Suggestion, ("rests_on", "customers"), ids)
        models.Suggestion.objects.filter(pk__in=[row.pk for row in found]).delete()
    return len(found)


def _holding(model: type[Model], holds: str, *columns: str, kept: str = _KEPT) -> Holding:
    return Holding(
        name=model._meta.label,
        holds=holds,
        export=partial(_export, model, columns),
        erase=partial(_erase, model, columns),
        kept=kept,
    )


_FLUSHED = "it goes with the next flush to the tables, within seconds"
_DECISIONS, _SUGGESTIONS = ("left", "right", "seen"), ("rests_on", "customers")

HOLDINGS = (
    replace(_holding(models.Identity, "identities and whose they are", "identity", "customer_id"), erase=_erase_identities),
    _holding(models.Link, "which identities one call named", "left", "right"),
    _holding(models.Identification, "when an anonymous id was identified as whom", "anonymous", "user"),
    _holding(models.Trait, "traits", "identity"),
    _holding(models.Membership, "who belongs to which account", "identity"),
    _holding(models.Note, "notes of the team", "identity"),
    _holding(models.MapRow, "rows that wait for the identity map", "identity", "customer_id", kept=_FLUSHED),
    _holding(models.Reattribution, "rows that have to change hands", "identity", "to", kept=_FLUSHED),
    _holding(models.Account, "accounts; one that bears a person's own id", "account_id"),
    _holding(models.AccountTrait, "what is known of accounts; of one that bears a person's own id", "account_id"),
    Holding(
        name=models.Decision._meta.label,
        holds="whom the team merged, un-merged, or did not want suggested",
        export=partial(_export_lists, models.Decision, _DECISIONS),
        erase=_erase_decisions,
        kept=_KEPT,
    ),
    Holding(
        name=models.Suggestion._meta.label,
        holds="who looks like one person",
        export=partial(_export_lists, models.Suggestion, _SUGGESTIONS),
        erase=_erase_suggestions,
        kept=_KEPT,
    ),
    Holding(name=models.Version._meta.label, holds="a mark of the latest change", nothing_personal=True, kept="One row."),
)
