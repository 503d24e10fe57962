"""What a search asks of the database: page, capped count and all facets in one statement. PLAIN."""

from __future__ import annotations

CHOICES = 12
"""Values of a facet that are shown, those with most hits."""
_FACET = """'{name}', (SELECT json_agg(json_build_array({name}, n)) FROM (
        SELECT {name}, count(*) AS n FROM found GROUP BY 1
        ORDER BY n DESC, {name}{collation} LIMIT {choices}) best)"""
_FACETS = ",\n    ".join(
    _FACET.format(name=name, choices=CHOICES, collation=collation)
    for name, collation in (
        ("speaker", ' COLLATE "C"'),
        ("language", ""),
        ("kind", ""),
        ("checked", ""),
    )
)
_SEARCH = """
WITH found AS MATERIALIZED (
    SELECT line.id, line.reel_id, line.kind, line.number, line.speaker, line.language, line.checked
    FROM review_searchline line WHERE {where} LIMIT %s
), page AS (
    SELECT id, reel_id, kind, number FROM found ORDER BY reel_id, kind, number
    LIMIT %s OFFSET %s
), reels AS MATERIALIZED (
    SELECT reel_id, count(*) AS n FROM found GROUP BY 1
), years AS (
    SELECT substring(title.year from '[0-9]{{4}}') AS year, sum(n) AS n
    FROM reels JOIN archive_reel reel ON reel.id = reels.reel_id
    JOIN archive_element element ON element.id = reel.element_id
    JOIN archive_title title ON title.id = element.title_id
    GROUP BY 1
)
SELECT json_build_object(
    'count', (SELECT count(*) FROM found),
    'page', (SELECT json_agg(id ORDER BY reel_id, kind, number) FROM page),
    'year', (SELECT json_agg(json_build_array(year, n) ORDER BY year) FROM years),
    'reel', (SELECT json_agg(json_build_array(reel_id, n)) FROM (
        SELECT reel_id, n FROM reels ORDER BY n DESC, reel_id LIMIT {choices}) best),
    {facets}
)
"""


def search(where: str) -> str:
    """The statement for conditions on `line`.

    Its values: those of the conditions, how many hits are counted at most, size of the page, how
    many hits stand before it. Its answer is JSON: `count`, `page` (numbers of lines in order), and
    for `reel`, `speaker`, `language`, `kind`, `checked` and `year` a list of value and hits.
    """
    return _SEARCH.format(where=where, facets=_FACETS, choices=CHOICES)


def places(where: str) -> str:
    """Where the hits are; values: those of the conditions, how many hits at most."""
    return (
        "SELECT line.id, line.reel_id, line.kind, line.start_frame"
        f" FROM review_searchline line WHERE {where} LIMIT %s"
    )


def in_order(where: str) -> str:
    """The hits' numbers in the order of the reels; values as of `places`."""
    return (
        "SELECT id FROM (SELECT id, reel_id, kind, number FROM review_searchline line"
        f" WHERE {where} LIMIT %s) found ORDER BY reel_id, kind, number"
    )
