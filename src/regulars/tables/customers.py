"""customers: one row is a version of what is known of a person."""

from regulars.tables.schema import Column, Erase, Table, Type

CUSTOMERS = Table(
    name="customers",
    row_is="a version of what is known of a person",
    own_columns=(
        Column(name="email", type=Type.STRING, meaning="e-mail address, lower case", erase=Erase.BLANK),
        Column(name="phone", type=Type.STRING, meaning="phone number as given", erase=Erase.BLANK),
        Column(name="name", type=Type.STRING, meaning="full name", erase=Erase.BLANK),
        Column(name="country", type=Type.STRING, meaning="country as the source writes it"),
        Column(name="acquisition_channel", type=Type.STRING, meaning="channel that brought the person"),
        Column(name="acquisition_campaign", type=Type.STRING, meaning="campaign that brought the person"),
        Column(name="stage", type=Type.STRING, meaning="lead or customer, where the source says"),
        Column(name="traits", type=Type.STRING, meaning="anything else the source says, as a JSON object", erase=Erase.BLANK),
    ),
)
