"""costs: one row is money spent in a period; occurred_at is the period's start."""

from regulars.tables.schema import Column, Table, Type

COSTS = Table(
    name="costs",
    row_is="money spent in a period; occurred_at is the period's start",
    own_columns=(
        Column(name="starts_on", type=Type.DATE, meaning="first day of the period", required=True),
        Column(name="ends_on", type=Type.DATE, meaning="first day after the period", required=True),
        Column(name="channel", type=Type.STRING, meaning="channel"),
        Column(name="campaign", type=Type.STRING, meaning="campaign"),
        Column(name="kind", type=Type.STRING, meaning="media, wages, software, services, overhead or goods", required=True),
        Column(name="purpose", type=Type.STRING, meaning="acquisition or retention", required=True),
        Column(name="paid", type=Type.BOOLEAN, meaning="whether the channel is a paid one", required=True),
        Column(name="amount_minor", type=Type.INTEGER, meaning="money spent", unit="minor units of currency", required=True),
        Column(name="currency", type=Type.STRING, meaning="ISO 4217 code", required=True),
        Column(name="leads", type=Type.INTEGER, meaning="leads the source counts for this spend", unit="leads"),
        Column(name="actions", type=Type.INTEGER, meaning="actions the source counts for this spend", unit="actions"),
    ),
)
