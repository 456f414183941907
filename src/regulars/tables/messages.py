"""messages: one row is a step in the life of a message."""

from regulars.tables.schema import Column, Erase, Table, Type

MESSAGES = Table(
    name="messages",
    row_is="a step in the life of a message",
    own_columns=(
        Column(name="message_id", type=Type.STRING, meaning="the message", required=True, erase=Erase.FRESH),
        Column(
            name="step",
            type=Type.STRING,
            meaning="queued, withheld, sent, delivered, opened, clicked, bounced, unsubscribed or complained",
            required=True,
        ),
        Column(name="channel", type=Type.STRING, meaning="email, sms, push ..."),
        Column(name="campaign", type=Type.STRING, meaning="campaign or journey"),
        Column(name="reason", type=Type.STRING, meaning="why it was withheld or bounced", erase=Erase.BLANK),
        Column(name="machine", type=Type.BOOLEAN, meaning="true where a machine opened or clicked"),
    ),
)
