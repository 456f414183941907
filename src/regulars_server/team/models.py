"""Accounts of the team, their one-time links, tries to sign in, and keys for programs."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils.crypto import salted_hmac

from regulars_server.team.roles import Permission, Role, allows


class UserManager(BaseUserManager["User"]):
    """Makes accounts; a password of None cannot sign in until one is set by a one-time link."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
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
    sessions_ended = models.PositiveIntegerField(default=0)
    """How often all sessions of this member were ended; each carries the count of its beginning and holds as long as it is the same."""

    objects = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def may(self, permission: Permission | str) -> bool:
        """Whether this member may do something."""
        return self.is_active and allows(self.role, Permission(permission))

    @property
    def actor(self) -> str:
        """How the audit log calls this member."""
        return f"user {self.pk}"

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        said = f"{self.password} {self.sessions_ended}"
        return salted_hmac("regulars_server.team.User.session", said, secret=secret, algorithm="sha256").hexdigest()

    def __str__(self) -> str:
        return self.actor


class OneTimeLink(models.Model):
    """A link that sets a password once: for an invitation, a forgotten password or the first owner. Only its hash is kept."""

    token_hash = models.CharField(max_length=64, unique=True)
    user = models.ForeignKey(User, null=True, on_delete=models.CASCADE, related_name="links")
    """Whose password it sets; nobody's for the first owner, who makes the account with it."""
    created_at = models.DateTimeField()
    created_by = models.CharField(max_length=80)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    """When a later link took its place."""


class Tries(models.Model):
    """How often signing in failed of late, for an account or from an address; which one, only a keyed hash says."""

    subject = models.CharField(max_length=64, unique=True)
    since = models.DateTimeField(db_index=True)
    count = models.PositiveIntegerField()


class ApiKey(models.Model):
    """A key for programs: only its hash is kept, and it may do what its scopes say."""

    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=16, unique=True)
    key_hash = models.CharField(max_length=64)
    scopes: Any = models.JSONField(default=list)
    """Values of `Permission`."""
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="keys")
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
