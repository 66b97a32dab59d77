"""Record in the session which invitation links the browser has opened. The tokens are not stored."""

from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from invitations.tokens import Proof, Purpose

KEY = "invitation_proofs"
MAX_PROOFS = 20


def store_proof(session: SessionBase, proof: Proof) -> None:
    """Store the proof, unless the session has a stronger proof for this invitation.

    A newer generation is stronger than an older one. Within a generation, `EMAILED` is stronger than `LISTED`. The
    session keeps the proofs of the `MAX_PROOFS` invitations that were opened last.
    """
    stored = load_proof(session, proof.invitation_id)
    strongest = max(filter(None, [stored, proof]), key=_strength)
    proofs = {**session.get(KEY, {})}
    proofs.pop(str(proof.invitation_id), None)
    proofs[str(proof.invitation_id)] = [strongest.generation, strongest.purpose]
    session[KEY] = dict(list(proofs.items())[-MAX_PROOFS:])


def load_proof(session: SessionBase, invitation_id: UUID) -> Proof | None:
    """Return the stored proof for this invitation, or None."""
    stored = session.get(KEY, {}).get(str(invitation_id))
    if stored is None:
        return None
    generation, purpose = stored
    return Proof(invitation_id, generation, Purpose(purpose))


def _strength(proof: Proof) -> tuple[int, bool]:
    return proof.generation, proof.purpose == Purpose.EMAILED
