"""Test that declared headers are validated like query parameters, and that other headers are ignored."""

import pytest
from django.urls import path
from rest_framework.test import APIClient

from core.api.operations import operation
from core.api.parameters import IntegerParameter, UuidParameter
from core.api.viewsets import ApiViewSet
from tests.support.request_ids import json_without_request_id

pytestmark = pytest.mark.urls(__name__)
AN_ID = "0192f0c1-2222-7abc-8def-000000000001"


class LuggageViewSet(ApiViewSet):
    """A viewset that returns the declared headers of the request."""

    authentication_classes = []
    permission_classes = []

    @operation(
        "Read",
        response={"type": "object"},
        headers={
            "X-Room-Id": UuidParameter(help_text="The room."),
            "X-Weight": IntegerParameter(max_value=9, default=1),
        },
    )
    def retrieve(self, request):
        """Return the declared headers."""
        return self.respond(self.header)


urlpatterns = [path("luggage", LuggageViewSet.as_view({"get": "retrieve"}))]


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ({}, {"X-Room-Id": None, "X-Weight": 1}),
        ({"x-room-id": AN_ID, "X-Other": "anything"}, {"X-Room-Id": AN_ID, "X-Weight": 1}),
        ({"X-Weight": "9"}, {"X-Room-Id": None, "X-Weight": 9}),
    ],
)
def test_declared_headers_are_read_and_absent_ones_have_their_default(sent, read):
    response = APIClient().get("/luggage", headers=sent)
    assert response.status_code == 200
    assert response.json()["data"] == read


def test_every_faulty_header_is_named_as_declared():
    response = APIClient().get("/luggage", headers={"X-Room-Id": "kitchen", "X-Weight": ""})
    assert response.status_code == 400
    assert json_without_request_id(response) == {
        "success": False,
        "message": "Some headers are not valid.",
        "error": {
            "code": "invalid_header",
            "message": "Some headers are not valid.",
            "fields": {
                "X-Room-Id": ["A UUID is expected."],
                "X-Weight": ["A whole number from 0 to 9 is expected."],
            },
        },
    }
