"""The names of roles and permissions in words, for pages and documentation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from regulars_server.team.roles import Permission, Role

ROLE_NAMES = {
    Role.OWNER: _("Owner"),
    Role.ADMIN: _("Administrator"),
    Role.MARKETER: _("Marketer"),
    Role.ANALYST: _("Analyst"),
    Role.SUPPORT: _("Support"),
    Role.READ_ONLY: _("Read only"),
    Role.NO_PERSONAL_DATA: _("No personal data"),
}
PERMISSION_NAMES = {
    Permission.SEE_NUMBERS: _("See totals, charts and lists that name nobody"),
    Permission.SEE_PEOPLE: _("See who customers are and what they did"),
    Permission.EDIT_PEOPLE: _("Merge and un-merge customers, write notes"),
    Permission.EXPORT: _("Export lists"),
    Permission.SEE_DATA: _("See sources and the quality of data"),
    Permission.MANAGE_DATA: _("Change sources and tracking plans, replay the quarantine"),
    Permission.IMPORT: _("Import files"),
    Permission.SEE_AUDIT: _("Read the audit log"),
    Permission.MANAGE_KEYS: _("Make and revoke API keys"),
    Permission.MANAGE_TEAM: _("Invite, change and deactivate members"),
    Permission.MANAGE_OWNERS: _("Change owners and make members owners"),
}
