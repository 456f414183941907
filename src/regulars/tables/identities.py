"""identities: one row is "this trace belongs to this customer"; later rows overrule earlier ones."""

from regulars.tables.schema import Column, Erase, Table, Type

IDENTITIES = Table(
    name="identities",
    row_is='"this trace belongs to this customer"; later rows overrule earlier ones',
    own_columns=(
        Column(
            name="customer_id",
            type=Type.STRING,
            meaning="the customer that identity_id belongs to from occurred_at on",
            required=True,
            erase=Erase.FRESH,
        ),
        Column(name="rule", type=Type.STRING, meaning="the rule or hand that said so: import, merge, unmerge, erase", required=True),
        Column(name="evidence", type=Type.STRING, meaning="what it rests on", erase=Erase.BLANK),
    ),
)
