"""Who is who once more, slowly and by the letter of docs/server/identities.md; shares no code with the graph."""

from __future__ import annotations

RANK = {"user": 0, "shopify": 1, "stripe": 1, "customer": 2, "file": 3, "email": 4, "anonymous": 5, "phone": 6, "device": 7}


def partition(calls, decisions=(), limits=None, person_at_most=2000):
    """Customer by identity. A call is (identifiers, occurred_at, message_id), an identifier (kind, identity); limits are (all, anonymous) by kind."""
    limits = limits or {}
    kinds, firsts, together = {}, {}, {}
    for identifiers, occurred_at, message_id in calls:
        for kind, identity in identifiers:
            kinds[identity] = min(kinds.get(identity, kind), kind, key=lambda k: (RANK[k], k))
            firsts[identity] = min(firsts.get(identity, (occurred_at, message_id)), (occurred_at, message_id))
        names = {identity for _, identity in identifiers}
        for one in names:
            for other in names - {one}:
                key = frozenset((one, other))
                together[key] = min(together.get(key, (occurred_at, message_id)), (occurred_at, message_id))
    ties, apart = decided(decisions)
    same_user = groups(kinds, ties)
    barred = {one for one in kinds if joins_nobody(one, together, kinds, same_user, limits)}
    sets = [{one} for one in kinds]
    for tie in ties:
        if set(tie) <= set(kinds):
            sets = joined(sets, *tie)
    for weak in (False, True):
        order = [
            (when, sorted(RANK[kinds[one]] for one in pair), sorted(pair))
            for pair, when in together.items()
            if weak == any(kinds[one] in {"phone", "device"} for one in pair) and not pair & barred
        ]
        for _, _, (left, right) in sorted(order):
            mine, yours = (next(group for group in sets if one in group) for one in (left, right))
            both_have_users = any(kinds[one] == "user" for one in mine) and any(kinds[one] == "user" for one in yours)
            kept_apart = any((one, other) in apart for one in mine for other in yours)
            if mine is not yours and not both_have_users and not kept_apart and len(mine) + len(yours) <= person_at_most:
                sets = joined(sets, left, right)
    named = {}
    for group in sets:
        users = [one for one in group if kinds[one] == "user"]
        of_files = [one for one in group if kinds[one] == "customer"]
        customer = min(users or of_files or group, key=lambda one: (firsts[one], kinds[one], one))
        named.update(dict.fromkeys(group, customer))
    return named


def decided(decisions):
    """Ties and pairs kept apart, after all decisions in their order; a decision is (when, id, kind, left, right)."""
    ties, apart, lifted = [], set(), {}
    for _, _, kind, left, right in sorted(decisions):
        across = {(a, b) for a in left for b in right} | {(b, a) for a in left for b in right}
        if kind == "merge":
            tie = tuple(sorted((left[0], right[0])))
            lifted[tie] = lifted.get(tie, set()) | (apart & across)
            apart -= across
            ties = [old for old in ties if old != tie] + [tie]
        else:
            for tie in [tie for tie in ties if tie in across]:
                ties.remove(tie)
                apart |= lifted.pop(tie)
            apart |= across
    return ties, apart


def groups(kinds, ties):
    """Identities that are tied, directly or not: the group of each."""
    found = {one: {one} for tie in ties for one in tie} | {one: {one} for one in kinds}
    for left, right in ties:
        union = found[left] | found[right]
        for one in union:
            found[one] = union
    return found


def joins_nobody(one, together, kinds, same_user, limits):
    """Whether an identity is shared by several users, or seen with too many."""
    others = {other for pair in together if one in pair for other in pair - {one}}
    most, most_anonymous = limits.get(kinds[one], (10**9, 10**9))
    if len(others) > most or len([other for other in others if kinds[other] == "anonymous"]) > most_anonymous:
        return True
    users = {frozenset(same_user[other]) for other in others if kinds[other] == "user"}
    return kinds[one] in {"anonymous", "device", "phone"} and len(users) > 1


def joined(sets, left, right):
    """The sets with those of left and right as one."""
    mine, yours = (next(group for group in sets if one in group) for one in (left, right))
    return sets if mine is yours else [group for group in sets if group is not mine and group is not yours] + [mine | yours]


def carried(anonymous, occurred_at, identifications):
    """The identity that a row of an anonymous id carries; an identification is (anonymous, user, occurred_at, message_id)."""
    said = sorted((when, message, user) for who, user, when, message in identifications if who == anonymous)
    if len({user for _, _, user in said}) < 2:
        return anonymous
    later = [user for when, _, user in said if when >= occurred_at]
    return f"{anonymous}>{later[0]}" if later else anonymous
