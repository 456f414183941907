"""Addresses of signing in and of the team."""

from django.urls import path

from regulars_server.team.views import account, audit, keys, members, signing_in

urlpatterns = [
    path("health/", signing_in.health, name="health"),
    path("sign-in/", signing_in.sign_in_page, name="sign-in"),
    path("sign-out/", signing_in.sign_out, name="sign-out"),
    path("start/<str:token>/", signing_in.start, name="start"),
    path("account/", account.account, name="account"),
    path("account/profile/", account.change_profile, name="account-profile"),
    path("account/password/", account.change_password, name="account-password"),
    path("team/", members.team, name="team"),
    path("team/invite/", members.invite, name="team-invite"),
    path("team/<int:user_id>/role/", members.change_role, name="team-role"),
    path("team/<int:user_id>/link/", members.new_link, name="team-link"),
    path("team/<int:user_id>/deactivate/", members.deactivate, name="team-deactivate"),
    path("team/<int:user_id>/activate/", members.activate, name="team-activate"),
    path("keys/", keys.keys, name="keys"),
    path("keys/create/", keys.create, name="keys-create"),
    path("keys/<int:key_id>/revoke/", keys.revoke, name="keys-revoke"),
    path("audit/", audit.audit, name="audit"),
    path("audit/export.csv", audit.audit_csv, name="audit-csv"),
]
