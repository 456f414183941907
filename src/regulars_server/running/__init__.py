"""Running an installation: its processes, their start and end, backup, restore, upgrade, health."""
