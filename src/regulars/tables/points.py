"""points: one row is an entry of the loyalty ledger."""

from regulars.tables.schema import Column, Erase, Table, Type

POINTS = Table(
    name="points",
    row_is="an entry of the loyalty ledger",
    own_columns=(
        Column(name="entry", type=Type.STRING, meaning="earn, redeem, expire, adjust or reverse", required=True),
        Column(
            name="points",
            type=Type.INTEGER,
            meaning="points: positive for earned, negative for spent or expired",
            unit="points",
            required=True,
        ),
        Column(name="reason", type=Type.STRING, meaning="what they were given for", erase=Erase.BLANK),
        Column(name="order_id", type=Type.STRING, meaning="the order they belong to", erase=Erase.FRESH),
        Column(name="expires_at", type=Type.INSTANT, meaning="when they expire", unit="UTC", erase=Erase.DAY),
    ),
)
