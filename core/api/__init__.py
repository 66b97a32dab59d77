"""How our JSON speaks: errors, envelope, pages, strict input, schema. Knows HTTP and no app of ours."""
