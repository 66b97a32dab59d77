"""The house API of organizations and what belongs to them, one module per noun. ``perfectworks.urls`` is the map."""
