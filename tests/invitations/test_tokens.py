"""Test the tokens in invitation links: each purpose has its own token, and a changed token is invalid."""

import base64
import string
from uuid import UUID

import pytest
from django.test import override_settings
from hypothesis import assume, example, given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.models import User
from invitations.models import Invitation
from invitations.tokens import PAGE_PURPOSES, Proof, Purpose, link_for, read_token, token_for, unsubscribe_link_for
from orgs.models import Organization
from tests.factories import InvitationFactory
from tests.support.changes import all_rows

URL_SAFE = string.ascii_letters + string.digits + "-_"

invitations = st.builds(
    lambda key, generation: Invitation(pk=key, generation=generation), st.uuids(), st.integers(1, 2**31 - 1)
)
purposes = st.sampled_from(PAGE_PURPOSES)


@given(invitations, purposes)
def test_a_token_says_which_invitation_of_which_generation_and_from_where(invitation: Invitation, purpose: Purpose):
    token = token_for(invitation, purpose)
    assert read_token(token) == Proof(invitation.pk, invitation.generation, purpose)
    assert len(token) == 59
    assert set(token) <= set(URL_SAFE)


@given(invitations)
def test_the_two_purposes_have_two_tokens(invitation: Invitation):
    assert token_for(invitation, Purpose.EMAILED) != token_for(invitation, Purpose.LISTED)


@given(invitations, invitations, purposes)
def test_different_invitations_and_generations_have_different_tokens(
    one: Invitation, other: Invitation, purpose: Purpose
):
    assume((one.pk, one.generation) != (other.pk, other.generation))
    assert token_for(one, purpose) != token_for(other, purpose)


@given(invitations, purposes, st.integers(0, 58), st.sampled_from(URL_SAFE))
def test_a_changed_character_makes_it_invalid(invitation: Invitation, purpose: Purpose, place: int, character: str):
    token = token_for(invitation, purpose)
    assume(token[place] != character)
    assert read_token(token[:place] + character + token[place + 1 :]) is None


@given(invitations, purposes, st.integers(0, 43), st.integers(1, 255))
def test_a_changed_bit_makes_it_invalid(invitation: Invitation, purpose: Purpose, place: int, change: int):
    raw = bytearray(base64.urlsafe_b64decode(token_for(invitation, purpose) + "="))
    raw[place] ^= change
    assert read_token(base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) is None


@given(invitations, purposes)
def test_each_token_has_one_representation(invitation: Invitation, purpose: Purpose):
    token = token_for(invitation, purpose)
    for variant in (token + "=", token + "==", token + "\n", " " + token, token[:-1], token + "A", token + "!"):
        assert read_token(variant) is None
    respelled = token.replace("-", "+").replace("_", "/")
    assert respelled == token or read_token(respelled) is None


@given(st.text(max_size=80))
@example("A" * 59)
@example("\ud800" * 59)
@example("\x00" * 59)
@example("é" * 59)
@example("A" * 100_000)
def test_any_other_text_is_invalid(text: str):
    assert read_token(text) is None


@given(invitations, purposes)
def test_another_key_makes_another_token(invitation: Invitation, purpose: Purpose):
    token = token_for(invitation, purpose)
    with override_settings(INVITATION_TOKEN_KEYS=["another key"]):
        assert token_for(invitation, purpose) != token
        assert read_token(token) is None


class TestRotatingKeys:
    INVITATION = Invitation(pk=UUID("0198c0de-0000-7000-8000-00000000000a"), generation=3)

    def test_the_first_key_signs_and_all_of_them_verify(self, settings: Settings):
        settings.INVITATION_TOKEN_KEYS = ["old"]
        signed_before = token_for(self.INVITATION, Purpose.EMAILED)
        settings.INVITATION_TOKEN_KEYS = ["new", "old"]
        signed_after = token_for(self.INVITATION, Purpose.EMAILED)
        assert signed_before != signed_after
        assert read_token(signed_before) == read_token(signed_after) == Proof(self.INVITATION.pk, 3, Purpose.EMAILED)

    def test_a_key_that_is_taken_out_verifies_nothing(self, settings: Settings):
        settings.INVITATION_TOKEN_KEYS = ["old"]
        token = token_for(self.INVITATION, Purpose.EMAILED)
        settings.INVITATION_TOKEN_KEYS = ["new"]
        assert read_token(token) is None

    def test_one_purpose_never_passes_for_the_other_whatever_the_keys(self, settings: Settings):
        settings.INVITATION_TOKEN_KEYS = ["new", "old"]
        listed = read_token(token_for(self.INVITATION, Purpose.LISTED))
        assert listed == Proof(self.INVITATION.pk, 3, Purpose.LISTED)

    def test_tokens_do_not_change_between_releases(self, settings: Settings):
        """Links in emails that were already sent must keep working."""
        settings.INVITATION_TOKEN_KEYS = ["a key of at least thirty-two characters"]
        assert [token_for(self.INVITATION, purpose) for purpose in Purpose] == [
            "AZjA3gAAcACAAAAAAAAACgAAAANte-Lo0fnqDc-fBuqYa2JFuMXdSclRVLQ",
            "AZjA3gAAcACAAAAAAAAACgAAAAPF7ASF0VhJuWr9VTAWSdifLy711d2Iyxw",
            "AZjA3gAAcACAAAAAAAAACgAAAAPbZzpXtPcbldVsIJ-uVo4dF9BKvkUgJ_E",
        ]


def test_the_unsubscribe_link_opens_no_invitation(settings: Settings):
    settings.PUBLIC_BASE_URL = "https://perfectworks.example"
    invitation = TestRotatingKeys.INVITATION
    token = token_for(invitation, Purpose.UNSUBSCRIBE)
    assert unsubscribe_link_for(invitation) == f"https://perfectworks.example/i/{token}/no-mail"
    assert read_token(token) is None
    assert read_token(token, [Purpose.UNSUBSCRIBE]) == Proof(invitation.pk, 3, Purpose.UNSUBSCRIBE)
    assert read_token(token_for(invitation, Purpose.EMAILED), [Purpose.UNSUBSCRIBE]) is None


def test_the_emailed_link_is_on_the_public_address(settings: Settings):
    settings.PUBLIC_BASE_URL = "https://perfectworks.example"
    invitation = TestRotatingKeys.INVITATION
    assert link_for(invitation) == f"https://perfectworks.example/i/{token_for(invitation, Purpose.EMAILED)}"


@pytest.mark.django_db
def test_the_database_contains_no_part_of_a_token(organization: Organization, owner: User):
    invitation = InvitationFactory.create(organization=organization, email="invitee@example.com", inviter=owner)
    stored = str(all_rows())
    for purpose in Purpose:
        assert token_for(invitation, purpose)[28:] not in stored
