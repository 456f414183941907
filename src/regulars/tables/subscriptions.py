"""subscriptions: one row is a change of a recurring plan."""

from regulars.tables.schema import Column, Erase, Table, Type

SUBSCRIPTIONS = Table(
    name="subscriptions",
    row_is="a change of a recurring plan",
    own_columns=(
        Column(name="subscription_id", type=Type.STRING, meaning="the subscription", required=True, erase=Erase.FRESH),
        Column(name="change", type=Type.STRING, meaning="start, renew, upgrade, downgrade, pause, resume or cancel", required=True),
        Column(name="plan", type=Type.STRING, meaning="plan after the change"),
        Column(
            name="effective_at",
            type=Type.INSTANT,
            meaning="when the change takes effect; occurred_at is when it was decided",
            unit="UTC",
            required=True,
            erase=Erase.DAY,
        ),
        Column(
            name="term_end",
            type=Type.INSTANT,
            meaning="end of the term that runs after the change, where there is one",
            unit="UTC",
            erase=Erase.DAY,
        ),
        Column(
            name="mrr_before_minor",
            type=Type.INTEGER,
            meaning="monthly recurring revenue before",
            unit="minor units of currency",
            required=True,
        ),
        Column(
            name="mrr_after_minor",
            type=Type.INTEGER,
            meaning="monthly recurring revenue after",
            unit="minor units of currency",
            required=True,
        ),
        Column(name="currency", type=Type.STRING, meaning="ISO 4217 code", required=True),
        Column(name="seats", type=Type.INTEGER, meaning="seats after the change", unit="seats"),
        Column(name="reason", type=Type.STRING, meaning="why, where the source says", erase=Erase.BLANK),
        Column(name="involuntary", type=Type.BOOLEAN, meaning="true where a payment failed"),
    ),
)
