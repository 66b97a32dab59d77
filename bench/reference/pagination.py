"""The pages of the plain project."""

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """Pages by number."""

    page_size_query_param = "limit"
