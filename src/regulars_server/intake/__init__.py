"""The door for events: Segment's HTTP API and webhooks, durable before they are acknowledged. No Django in its process."""
