"""What people type, refused before anything is connected; and what is generated."""

from __future__ import annotations

import pytest

from app_db.errors import InitRefused
from app_db.init import password
from app_db.init.administrator import check_email, check_slug


@pytest.mark.parametrize(
    ("email", "words"),
    [
        (None, "add --admin-email"),
        ("", "add --admin-email"),
        ("anna", "has one @"),
        ("@example.com", "has one @"),
        ("a@b@example.com", "has one @"),
        ("anna@", "no name of a mail domain"),
        ("anna@.com", "no name of a mail domain"),
        ("anna@example..com", "no name of a mail domain"),
        ("anna@-example.com", "no name of a mail domain"),
        ("anna@example.com,bob", "no name of a mail domain"),
        (" anna@example.com", "a space or a control character"),
        ("anna@example.com\n", "a space or a control character"),
        ("an na@example.com", "a space or a control character"),
        ("an\x00na@example.com", "a space or a control character"),
        ("a" * 65 + "@example.com", "longer than an address may be"),
        ("a@" + "b" * 250 + ".com", "longer than an address may be"),
    ],
)
def test_an_address_that_no_mail_reaches_is_refused_with_what_to_type(email: str | None, words: str) -> None:
    with pytest.raises(InitRefused, match=words) as refused:
        check_email(email)
    assert "--admin-email anna@example.com" in str(refused.value)


@pytest.mark.parametrize("slug", ["", "Main", "-main", "main-", "ma in", "ma_in", "a" * 64, "main\n"])
def test_a_slug_that_no_tenant_can_have_is_refused(slug: str) -> None:
    with pytest.raises(InitRefused, match="--tenant main"):
        check_slug(slug)


def test_two_passwords_are_never_the_same() -> None:
    assert len({password.generate() for _ in range(1000)}) == 1000
    assert password.hashed("x").digest != password.hashed("x").digest
