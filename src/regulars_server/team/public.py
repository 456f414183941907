"""What other apps use of this one."""

from regulars_server.team.keys import Key, key_from
from regulars_server.team.links import first_owner_link, has_owner, one_time_link
from regulars_server.team.members import invite
from regulars_server.team.roles import ROLES, Permission, Role, allows

__all__ = ["ROLES", "Key", "Permission", "Role", "allows", "first_owner_link", "has_owner", "invite", "key_from", "one_time_link"]
