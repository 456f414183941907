"""Accounts of the team."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models

from regulars_server.team.roles import Permission, Role, allows


class UserManager(BaseUserManager["User"]):
    """Makes accounts; a password of None cannot sign in until one is set by a one-time link."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A member of the team."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    role = models.CharField(max_length=32, choices=[(role.value, role.value) for role in Role])
    language = models.CharField(max_length=8, blank=True)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def may(self, permission: Permission | str) -> bool:
        """Whether this member may do something."""
        return self.is_active and allows(self.role, Permission(permission))

    def __str__(self) -> str:
        return f"user {self.pk}"
