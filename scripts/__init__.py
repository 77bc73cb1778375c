"""Programs for what SQL cannot do: landing areas, packages, building, comparing."""
