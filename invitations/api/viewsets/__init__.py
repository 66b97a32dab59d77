"""The invitation viewsets of the house API, for organizations and for invitees."""
