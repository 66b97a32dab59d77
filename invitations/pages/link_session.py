"""What a browser's session remembers of the links it opened: never the token, only what it proved."""

from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from invitations.tokens import Proof, Purpose

KEY = "invitation_proofs"
REMEMBERED = 20


def remember(session: SessionBase, proof: Proof) -> None:
    """Keep the strongest proof of each invitation, for the links that were opened last.

    A newer generation is stronger than an older one, and a mailed link is stronger than a listed one.
    """
    known = recall(session, proof.invitation_id)
    strongest = max(filter(None, [known, proof]), key=_strength)
    proofs = {**session.get(KEY, {})}
    proofs.pop(str(proof.invitation_id), None)
    proofs[str(proof.invitation_id)] = [strongest.generation, strongest.purpose]
    session[KEY] = dict(list(proofs.items())[-REMEMBERED:])


def recall(session: SessionBase, invitation_id: UUID) -> Proof | None:
    """What a link to this invitation proved earlier in the session, or None."""
    remembered = session.get(KEY, {}).get(str(invitation_id))
    if remembered is None:
        return None
    generation, purpose = remembered
    return Proof(invitation_id, generation, Purpose(purpose))


def _strength(proof: Proof) -> tuple[int, bool]:
    return proof.generation, proof.purpose == Purpose.EMAILED
