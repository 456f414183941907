"""The pages of the console."""

urlpatterns: list = []
