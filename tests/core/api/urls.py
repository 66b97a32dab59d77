"""A small API of notes in the house format, and a second path prefix with another format of error bodies."""

import re

from django.db import OperationalError
from django.http import Http404, HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_protect
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer

from core.api.cursors import CursorPagination
from core.api.docs import Document, documentation
from core.api.envelope import house_error_body
from core.api.filters import (
    BooleanFilter,
    ChoiceFilter,
    ChoicesFilter,
    SortFilter,
    StrictFilterSet,
    TextFilter,
    UuidFilter,
)
from core.api.lists import ListPagination
from core.api.operations import operation
from core.api.pagination import PagePagination
from core.api.parameters import BooleanParameter, IntegerParameter, TextParameter, UuidParameter
from core.api.serializers import HouseSerializer, PlainTextField, TimeField
from core.api.viewsets import ApiViewSet
from core.errors import Conflict, NotFound

from .notes import Note


class NoteTaken(Conflict):
    """A domain error that only these tests use."""

    message = "This note is taken."


class TokenAuthentication(BaseAuthentication):
    """Authentication that accepts one token."""

    def authenticate(self, request):
        header = request.headers.get("Authorization")
        if header not in (None, "Bearer right"):
            raise AuthenticationFailed("Invalid token.")

    def authenticate_header(self, request):
        return 'Bearer realm="notes"'


class NewestFirst(CursorPagination):
    """Cursor pagination by creation time."""

    column = "written_at"


class NoteRow(HouseSerializer):
    """A note."""

    id = serializers.UUIDField()
    written_at = TimeField()
    title = serializers.CharField()


class NoteBody(HouseSerializer):
    """The body of a new note."""

    title = PlainTextField(max_length=64)
    short_text = PlainTextField(max_length=8, required=False)
    page_count = serializers.IntegerField(min_value=0, max_value=1000, required=False)


class NoteFilter(StrictFilterSet):
    """The filters of the list of notes."""

    title = TextFilter(max_length=64, help_text="The exact title.")
    sort = SortFilter(fields={"written_at": "writtenAt", "title": "title"}, initial="writtenAt:desc")


class EveryFilter(StrictFilterSet):
    """A filter of each kind, with and without a default."""

    parameter_names = {"a_name": "aName"}

    flag = BooleanFilter(method="nothing")
    color = ChoiceFilter(choices=["red", "green"], initial="red", field_name="title")
    colors = ChoicesFilter(choices=["red", "green"], field_name="title")
    id = UuidFilter()
    a_name = TextFilter(max_length=8, pattern=re.compile("[a-z]+", re.ASCII), method="starting")
    sort = SortFilter(fields={"title": "title"}, initial="title:asc")

    def nothing(self, queryset, name, value: bool):
        """Return an empty queryset if the flag is set."""
        return queryset.none() if value else queryset

    def starting(self, queryset, name, value: str):
        """Filter by a prefix of the title."""
        return queryset.filter(title__startswith=value, pk__isnull=self.request is None)


class Anonymous(ApiViewSet):
    """A viewset that requires no authentication."""

    authentication_classes = []
    permission_classes = []


class NoteViewSet(Anonymous):
    """Notes."""

    @operation(
        "Notes retrieved successfully",
        response=NoteRow,
        filterset_class=NoteFilter,
        pagination_class=PagePagination,
    )
    def list(self, request):
        """List notes.

        The newest first, unless asked otherwise.
        """
        return self.respond_with_page(Note.objects.all())

    @operation(
        "Notes retrieved successfully", response=NoteRow, filterset_class=EveryFilter, pagination_class=PagePagination
    )
    def every(self, request):
        """List notes with every kind of filter."""
        return self.respond_with_page(Note.objects.all())

    @operation(
        "Notes retrieved successfully", response=NoteRow, filterset_class=NoteFilter, pagination_class=ListPagination
    )
    def listed(self, request):
        """List notes by number or by cursor."""
        return self.respond_with_page(Note.objects.all())

    @operation("Note written", body=NoteBody, response={"type": "object"}, status=201, errors=(409,))
    def create(self, request):
        """Write a note."""
        return self.respond(self.body)

    @operation("Note found", response=NoteRow)
    def retrieve(self, request, pk):
        """Read a note."""
        note = Note.objects.filter(pk=pk).first()
        if note is None:
            raise NotFound
        return self.respond(note)

    @operation("Note changed", body=NoteBody, response={"type": "object"})
    def partial_update(self, request, pk):
        """Change a note."""
        return self.respond(self.body)

    @operation("Note burnt", status=204)
    def destroy(self, request, pk):
        """Burn a note."""
        return self.respond()


class FeedViewSet(Anonymous):
    """Notes with cursor pagination."""

    @operation("Feed retrieved successfully", response=NoteRow, pagination_class=NewestFirst)
    def list(self, request):
        """Return the notes by cursor."""
        return self.respond_with_page(Note.objects.all())

    @operation(
        "Feed retrieved successfully", response=NoteRow, filterset_class=NoteFilter, pagination_class=NewestFirst
    )
    def sorted(self, request, shelf):
        """List the notes of a shelf by cursor."""
        return self.respond_with_page(Note.objects.all())

    def cursor_context(self):
        """Return the shelf from the request header."""
        return self.request.headers.get("X-Shelf", "")


class EchoViewSet(Anonymous):
    """A viewset that returns the parsed parameters."""

    @operation(
        "Echo",
        response={"type": "object"},
        headers={"X-Shelf-Id": UuidParameter()},
        parameters={
            "flag": BooleanParameter(),
            "count": IntegerParameter(min_value=1, max_value=9),
            "id": UuidParameter(),
            "needed": TextParameter(required=True, max_length=8),
        },
    )
    def retrieve(self, request):
        """Return the parsed parameters and headers."""
        return self.respond({**self.query, **self.header})

    @operation("Done")
    def act(self, request):
        """Accept a request without a body."""
        return self.respond()


class FaultyViewSet(Anonymous):
    """A viewset with operations that fail."""

    @operation("Never")
    def crash(self, request):
        """Divide by zero."""
        return self.respond(1 / 0)

    @operation("Never")
    def conflict(self, request):
        """Raise a domain error with field errors and extra members."""
        raise NoteTaken(fields={"short_text": ["Taken."]}, taken_by="owner", since={"first_day": 1})

    @operation("Never")
    def busy(self, request):
        """Raise a database error for a lock timeout."""
        raise OperationalError("canceling statement due to lock timeout")

    def forgotten(self, request):
        """Do nothing. The `operation` decorator is missing."""


class GuardedViewSet(ApiViewSet):
    """A viewset with authentication."""

    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]

    @operation("Secret", parameters={"page": IntegerParameter(min_value=1)})
    def retrieve(self, request):
        """Read a secret."""
        return self.respond("secret")

    @operation("Public", response={"type": "string"}, public=True)
    def public(self, request):
        """Read public data."""
        return self.respond("public")


def terse(problem, request):
    """Return the error body of the second prefix."""
    return {"error": problem.sentence, "path": request.path}


class TerseViewSet(Anonymous):
    """A viewset without an envelope."""

    renderer_classes = [JSONRenderer]
    error_body = staticmethod(terse)

    @operation("Never", parameters={"page": IntegerParameter(min_value=1, max_value=5)})
    def retrieve(self, request):
        """Return JSON without an envelope."""
        return self.respond({"page": self.query["page"]})


def plain_crash(request):
    """A plain Django view that fails."""
    raise RuntimeError


@csrf_protect
def plain_form(request):
    """A Django view that requires a CSRF token."""
    return HttpResponse("done")


def plain_missing(request):
    """A Django view that raises Http404."""
    raise Http404("secret details")


notes = [
    path("notes", NoteViewSet.as_view({"get": "list", "post": "create"})),
    path(
        "notes/<uuid:pk>",
        NoteViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
    ),
    path("feed", FeedViewSet.as_view({"get": "list"})),
    path("shelves/<slug:shelf>/feed", FeedViewSet.as_view({"get": "sorted"})),
    path("every", NoteViewSet.as_view({"get": "every"})),
    path("listed", NoteViewSet.as_view({"get": "listed"})),
    path("echo", EchoViewSet.as_view({"get": "retrieve", "post": "act"})),
    path("guarded", GuardedViewSet.as_view({"get": "retrieve"})),
    path("public", GuardedViewSet.as_view({"get": "public"})),
    *documentation(Document("/api/v0", {"TITLE": "Notes"})),
]
faults = [
    path("crash", FaultyViewSet.as_view({"get": "crash"})),
    path("conflict", FaultyViewSet.as_view({"get": "conflict"})),
    path("busy", FaultyViewSet.as_view({"get": "busy"})),
    path("forgotten", FaultyViewSet.as_view({"get": "forgotten"})),
    path("plain/crash", plain_crash),
    path("plain/form", plain_form),
    path("plain/missing", plain_missing),
]

urlpatterns = [
    path("api/v0/", include(notes)),
    path("api/faults/", include(faults)),
    path("terse/", include([path("page", TerseViewSet.as_view({"get": "retrieve"})), path("crash", plain_crash)])),
    path("", plain_missing, name="home"),  # our error pages link to this URL
]
error_bodies = {"/api": house_error_body, "/terse": terse}
handler404 = "core.api.middleware.not_found"
