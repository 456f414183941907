"""accounts: one row is a version of a company, its seats and its members."""

from regulars.tables.schema import Column, Erase, Table, Type

ACCOUNTS = Table(
    name="accounts",
    row_is="a version of a company, its seats and its members",
    own_columns=(
        Column(name="name", type=Type.STRING, meaning="the company's name"),
        Column(name="country", type=Type.STRING, meaning="country"),
        Column(name="industry", type=Type.STRING, meaning="industry"),
        Column(name="plan", type=Type.STRING, meaning="plan"),
        Column(name="seats", type=Type.INTEGER, meaning="seats it pays for", unit="seats"),
        Column(name="owner", type=Type.STRING, meaning="success manager"),
        Column(name="acquisition_channel", type=Type.STRING, meaning="channel that brought the company"),
        Column(name="members", type=Type.STRING, meaning="identity ids of its members, as a JSON array", erase=Erase.BLANK),
        Column(name="traits", type=Type.STRING, meaning="anything else, as a JSON object", erase=Erase.BLANK),
    ),
)
