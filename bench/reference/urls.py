"""The URLs of the references."""

from django.urls import path

from bench.reference import views

urlpatterns = [
    path("floor", views.floor),
    path("select-one", views.select_one),
    path(
        "organizations/<uuid:organization>/invitations",
        views.InvitationViewSet.as_view({"get": "list", "post": "create"}),
    ),
    path("invitations", views.MyInvitationViewSet.as_view({"get": "list"})),
    path("invitations/<uuid:pk>/accept", views.MyInvitationViewSet.as_view({"post": "accept"})),
]
