"""Addresses of signing in and of the team."""

from django.urls import path

from regulars_server.team.views import account, signing_in

urlpatterns = [
    path("health/", signing_in.health, name="health"),
    path("sign-in/", signing_in.sign_in_page, name="sign-in"),
    path("sign-out/", signing_in.sign_out, name="sign-out"),
    path("start/<str:token>/", signing_in.start, name="start"),
    path("account/", account.account, name="account"),
    path("account/profile/", account.change_profile, name="account-profile"),
    path("account/password/", account.change_password, name="account-password"),
]
