"""No parameter of an admin page causes a failure or shows a column that the page does not show."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from core.admin import ReadOnlyAdmin
from events.models import Event
from invitations.models import Invitation
from orgs.models import ApiKey, Unit
from perfectworks.demo import World
from tests.factories import ApiKeyFactory

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.filterwarnings("ignore:DateTimeField"),  # a date without a time zone is taken in the service's zone
]

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
LABELS = [model._meta.label for model in MODELS]
NUL = "\0"
HOSTILE = [
    f"a{NUL}", "'\"%", "-1", "9" * 30, "9" * 5000, "999999-01-01", "0001-01-01 00:00:00+14:00",
    "9999-12-31 23:59:59-14:00", "2026-W53-7", "a " * 1500, "\ud800", "",
]  # fmt: skip
SHORT = [f"a{NUL}", "9" * 30, "0001-01-01 00:00:00+14:00", "a " * 1500]
OF_EVERY_LIST = ["q", "p", "o", "e", "all", "_facets", "_popup", "_to_field", "_changelist_filters", "_source_model"]


@pytest.fixture
def staff(world: World) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(email="staff@example.com"))
    return client


def list_of(model: type[Model]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def encoded(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def declared_parameters(model: type[Model], user: User) -> set[str]:
    request = RequestFactory().get("/")
    request.user = user
    page: Any = admin.site._registry[model]
    return {str(name) for name in page._filter_parameters(request)}


def undeclared_lookups(model: type[Model]) -> Iterator[str]:
    for field in model._meta.fields:
        yield f"{field.name}__startswith"
        yield f"{field.name}__regex"
        if field.related_model:
            yield from (f"{field.name}__{other.name}__gt" for other in field.related_model._meta.fields)


def test_every_page_is_read_only_and_takes_declared_parameters_only():
    assert all(isinstance(page, ReadOnlyAdmin) for page in admin.site._registry.values())


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_no_lookup_reads_a_column_that_is_not_a_declared_filter(staff: Client, world: World, model: type[Model]):
    declared = declared_parameters(model, User.objects.get(email="staff@example.com"))
    for lookup in {*undeclared_lookups(model), "nothing", "pk", "id__in"} - declared:
        assert (lookup, staff.get(list_of(model), {lookup: "a"}).status_code) == (lookup, 400)


@pytest.mark.parametrize(
    ("model", "lookup"),
    [
        (User, "password__startswith"),
        (User, "emailaddress__email__startswith"),
        (ApiKey, "secret_hash__startswith"),
        (ApiKey, "membership__user__password__startswith"),
        (Invitation, "expires_at__year"),
        (Event, "data__icontains"),
    ],
)
def test_secrets_cannot_be_read_letter_by_letter(staff: Client, model: type[Model], lookup: str):
    ApiKeyFactory.create()
    assert staff.get(list_of(model), {lookup: "p"}).status_code == 400


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_no_value_of_a_parameter_of_a_list_fails(staff: Client, world: World, model: type[Model]):
    path = list_of(model)
    declared = declared_parameters(model, User.objects.get(email="staff@example.com"))
    assert declared
    for name in [*declared, *(OF_EVERY_LIST if model is Unit else ["q", "o"])]:
        for value in HOSTILE if model is Unit else SHORT:
            response = staff.get(f"{path}?{name}={encoded(value)}")
            outcome = (response.status_code, response.headers.get("Location", ""))
            assert outcome in {(200, ""), (400, ""), (302, f"{path}?e=1")}, (name, value[:40])
            if NUL in value:
                assert response.status_code == 400


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_the_unfiltered_list_that_follows_a_wrong_value_is_shown(staff: Client, world: World, model: type[Model]):
    assert staff.get(f"{list_of(model)}?e=1").status_code == 200
    assert staff.get(f"{list_of(model)}?e=1&q={encoded('a ' * 100)}").status_code == 400


def test_a_search_for_too_many_words_says_so(staff: Client, world: World):
    page = staff.get(list_of(User), {"q": "a " * 1500}, follow=True)
    assert "Search for fewer words." in page.content.decode()


@pytest.mark.parametrize("model", MODELS, ids=LABELS)
def test_no_id_in_a_path_fails(staff: Client, world: World, model: type[Model]):
    for value in (*(HOSTILE[:-1] if model is Unit else SHORT), "_00", "..", "a/b"):
        for page in (
            ("change/", "history/", "delete/", "do/cancel", f"do/{'x' * 300}") if model is Unit else ("change/",)
        ):
            path = f"{list_of(model)}{encoded(value)}/{page}"
            assert staff.get(path).status_code < 500, path[:100]
            if page.startswith("do/"):
                assert staff.post(path).status_code < 500, path[:100]


def test_no_parameter_of_the_page_of_a_row_fails(staff: Client, world: World):
    path = f"{list_of(Unit)}{world.workspace.pk}/"
    for name in ("p", "_popup", "_to_field", "_changelist_filters"):
        for value in HOSTILE:
            assert staff.get(f"{path}change/?{name}={encoded(value)}").status_code < 500, (name, value[:40])
            assert staff.get(f"{path}history/?{name}={encoded(value)}").status_code < 500, (name, value[:40])


@pytest.mark.parametrize(
    "path",
    [
        "autocomplete/?app_label={}&model_name={}&field_name={}&term={}", "jsi18n/?language={}", "login/?next={}",
        "r/{}/{}/", "{}/", "?next={}", "password_change/?next={}", "accounts/oauthapplication/add/?name={}&_popup={}",
    ],
)  # fmt: skip
def test_no_parameter_of_another_page_fails(staff: Client, world: World, path: str):
    for value in HOSTILE:
        response = staff.get(f"/admin/{path.replace('{}', encoded(value))}")
        assert response.status_code < 500, value[:40]


def test_no_page_of_a_row_is_found_by_the_id_of_its_type(staff: Client, world: World):
    assert staff.get("/admin/r/1/x/").status_code == 404


def test_no_value_of_a_button_fails(staff: Client, world: World):
    rows: list[Any] = [world.organization, world.invitations["pending"], world.invitations["error"]]
    for row in rows:
        page: Any = admin.site._registry[type(row)]
        for button in page.buttons:
            for value in HOSTILE if button.field else []:
                path = f"{list_of(type(row))}{row.pk}/do/{button.name}"
                body = f"{button.field[0]}={encoded(value)}"
                response = staff.post(path, body, "application/x-www-form-urlencoded")
                assert response.status_code == 302, (button.name, value[:40])


def test_no_value_of_the_registration_of_an_application_fails(staff: Client, world: World):
    names = ("name", "kind", "owner", "system_user", "redirect_uris", "scopes")
    valid = {"name": "App", "kind": "client", "owner": "owner@example.com", "redirect_uris": "https://app.example/"}
    for name in names:
        for value in HOSTILE:
            body = "&".join(f"{key}={encoded(given)}" for key, given in {**valid, name: value}.items())
            response = staff.post("/admin/accounts/oauthapplication/add/", body, "application/x-www-form-urlencoded")
            assert response.status_code < 500, (name, value[:40])


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("address", ["password_change/", "password_change/done/"])
def test_the_password_is_changed_on_our_page_which_records_an_event(staff: Client, address: str, method: str):
    before = User.objects.get(email="staff@example.com").password
    new = "a quite new password 7391"
    form = {"old_password": "x", "new_password1": new, "new_password2": new}
    response = getattr(staff, method)(f"/admin/{address}", form)
    assert (response.status_code, response["Location"]) == (302, "/accounts/password/change/")
    assert User.objects.get(email="staff@example.com").password == before
