"""What a store holds: the entries of its trail, and their contents. A register has two stores, its facts and its arms.

Nothing of the trail is ever changed: triggers refuse it (`migrations`). Dates and times are texts, the same on every database. Beside it
stands what is no fact: passwords, and what a feed gave out last.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models


class Entry(models.Model):
    """A line of the audit trail: who did what, when, from where; and its place in the chain. It says nothing that a person has typed.

    `seq`: 1, 2, 3 …, without gaps. `at`: UTC, `2026-11-30T21:15:00.123Z`. `what`: the table of which a row was entered, corrected or
    withdrawn, or what else it is about. `person`: the number of a subject, which is that of the entry that brought the subject in.
    `replaces`: the entry that does not hold any more since this one; no two may replace the same. `of`: the entry of which the content
    was taken out. `request`: the same of all that one command wrote. `digest`: of the content; `previous`: the hash of the entry before.
    """

    seq = models.BigIntegerField(primary_key=True)
    at = models.TextField()
    zone = models.TextField()
    account = models.TextField()
    role = models.TextField()
    action = models.TextField()
    what = models.TextField()
    person = models.BigIntegerField(null=True)
    site = models.TextField(null=True)
    replaces = models.BigIntegerField(null=True, unique=True)
    of = models.BigIntegerField(null=True)
    request = models.TextField()
    digest = models.TextField()
    previous = models.TextField()
    hash = models.TextField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["what", "person"], name="entry_of_person"),
            models.Index(fields=["what", "site"], name="entry_of_site"),
        ]


class Content(models.Model):
    """What a person said at an entry: the cells of a row, as JSON, and the reason. All of it is None once it was taken out.

    `salt`: random, so that nobody can find out a text by trying which one has the digest."""

    entry = models.BigIntegerField(primary_key=True)
    cells = models.TextField(null=True)
    reason = models.TextField(null=True)
    salt = models.TextField(null=True)


class Account(AbstractBaseUser):
    """A name and a password. What an account may do stands in the trail, so that an edit by hand of this table gives nobody a right."""

    name = models.TextField(primary_key=True)

    last_login = None  # who was in when, the trail says

    USERNAME_FIELD = "name"


class Published(models.Model):
    """What a feed gave out last, which is the memory of the next: an entry keeps its UID, and is counted on. Whose feed it is, and whether
    it still is one, stands in the trail.

    `feed`: its number in the trail. `made_from`: what the bytes were made from; as long as that is the same nothing is planned anew.
    `content`: the bytes; `etag`: their SHA-256; `changed`: since when they are so. `fetched_at`, `fetched_by`, `fetches`: when a program
    asked last, how it calls itself, and how often any has. Times are as those of entries.
    """

    feed = models.BigIntegerField(primary_key=True)
    made_from = models.TextField(default="")
    content = models.BinaryField(default=b"")
    etag = models.TextField(default="")
    changed = models.TextField(default="")
    fetched_at = models.TextField(null=True)
    fetched_by = models.TextField(default="")
    fetches = models.BigIntegerField(default=0)
