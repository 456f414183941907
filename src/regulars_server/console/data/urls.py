"""Addresses of the pages about data."""

from django.urls import path

from regulars_server.console.data import live, plans, quality, quarantine, sources, suggestions

urlpatterns = [
    path("", sources.sources, name="data"),
    path("new/", sources.new, name="source-new"),
    path("sources/<slug:slug>/", sources.source, name="source"),
    path("sources/<slug:slug>/secrets/", sources.secrets, name="source-secrets"),
    path("sources/<slug:slug>/switch/", sources.switch, name="source-switch"),
    path("sources/<slug:slug>/key/", sources.key, name="source-key"),
    path("sources/<slug:slug>/settings/", sources.configure, name="source-settings"),
    path("live/", live.live, name="live"),
    path("live/rows/", live.rows, name="live-rows"),
    path("quarantine/", quarantine.quarantine, name="quarantine"),
    path("quarantine/replay/", quarantine.replay, name="quarantine-replay"),
    path("quarantine/dismiss/", quarantine.dismiss, name="quarantine-dismiss"),
    path("quality/", quality.quality, name="quality"),
    path("plans/", plans.plans, name="plans"),
    path("plans/<slug:slug>/", plans.plan, name="plan"),
    path("plans/<slug:slug>/learn/", plans.learn, name="plan-learn"),
    path("suggestions/", suggestions.suggestions, name="suggestions"),
    path("suggestions/dismiss/", suggestions.dismiss, name="suggestion-dismiss"),
]
