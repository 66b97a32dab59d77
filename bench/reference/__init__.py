"""References for the benchmark: bare views, and a plainly written project with Django REST framework.

The project uses the tables of the service through its own models, and does what its readers would write first: a
`ModelViewSet`, a serializer, pages by number, an API key or a user name in a header, and one check of the membership.
It records no events, checks no limits and no grants, and sends no email.
"""
