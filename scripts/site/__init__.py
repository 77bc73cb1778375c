"""One static site about the project and its data, made from dbt's graph: it grows as the project does."""

DEFAULT = "site"
