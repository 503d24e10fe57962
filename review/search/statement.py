"""What a search asks of the database: page, capped count and all facets in one statement. PLAIN."""

from __future__ import annotations

CHOICES = 12
"""Values of a facet that are shown, those with most hits."""
LINE = (
    *("id", "reel_id", "scan_id", "kind", "key", "number", "start_frame", "end_frame", "text"),
    *("after", "speaker", "language", "checked", "doubtful"),
)
"""Columns of a line that are read; not its vector."""
AROUND = {
    "reel": ("id", "number", "element_id"),
    "element": ("id", "title_id"),
    "title": ("id", "name", "year", "collection_id"),
    "collection": ("id", "name"),
    "scan": ("id", "start_timecode", "rate_numerator", "rate_denominator"),
}
"""What is said of a hit beside its line."""
_READ = ", ".join(
    f"{table}.{column}" for table, columns in {"line": LINE, **AROUND}.items() for column in columns
)
_BESIDE = """
    JOIN archive_reel reel ON reel.id = line.reel_id
    JOIN archive_element element ON element.id = reel.element_id
    JOIN archive_title title ON title.id = element.title_id
    LEFT JOIN archive_collection collection ON collection.id = title.collection_id
    LEFT JOIN archive_scan scan ON scan.id = line.scan_id"""
_PAGE = """
reels AS MATERIALIZED (
    SELECT reel_id, count(*) AS n FROM found GROUP BY 1
), span AS MATERIALIZED (
    SELECT min(reel_id) AS first, max(reel_id) AS last, min(upto - n) AS before
    FROM (SELECT reel_id, n, sum(n) OVER (ORDER BY reel_id) AS upto FROM reels) reels
    WHERE upto > %s AND upto - n < %s
), page AS (
    SELECT id, reel_id, kind, number FROM found
    WHERE reel_id BETWEEN (SELECT first FROM span) AND (SELECT last FROM span)
    ORDER BY reel_id, kind, number
    LIMIT %s OFFSET %s - (SELECT before FROM span)
)"""
_LINES = """
    (SELECT json_agg(json_build_array({read}) ORDER BY page.reel_id, page.kind, page.number)
        FROM page JOIN review_searchline line ON line.id = page.id AND line.reel_id = page.reel_id
        {beside})"""
_COUNTED = f"""
WITH found AS MATERIALIZED (
    SELECT line.id, line.reel_id, line.kind, line.number
    FROM review_searchline line WHERE {{where}} LIMIT %s
), {_PAGE}
SELECT {_LINES}, (SELECT sum(n)::bigint FROM reels)
"""
_SEARCH = f"""
WITH found AS MATERIALIZED (
    SELECT line.id, line.reel_id, line.kind, line.number, line.speaker, line.language, line.checked
    FROM review_searchline line WHERE {{where}} LIMIT %s
), {_PAGE}, traits AS (
    SELECT kind, language, checked, count(*) AS n FROM found GROUP BY 1, 2, 3
), dated AS (
    SELECT reel_id, max(n) AS n, max(year) AS year FROM (
        SELECT reel_id, n, NULL AS year, FALSE AS is_listed FROM reels
        UNION ALL
        SELECT reel_id, NULL, substring(year from '[0-9]{{{{4}}}}'), TRUE FROM archive_catalogueline
        WHERE reel_id = ANY (ARRAY(SELECT reel_id FROM reels))
    ) each GROUP BY 1 HAVING bool_or(is_listed)
), years AS (
    SELECT year, sum(n) AS n FROM dated GROUP BY 1
)
SELECT {_LINES},
    (SELECT json_agg(json_build_array(kind, language, checked, n)) FROM traits),
    (SELECT json_agg(json_build_array(reel_id, n)) FROM (
        SELECT reel_id, n FROM reels ORDER BY n DESC, reel_id LIMIT {{choices}}) best),
    (SELECT json_agg(json_build_array(year, n) ORDER BY year) FROM years),
    (SELECT json_agg(json_build_array(speaker, n)) FROM (
        SELECT speaker, count(*) AS n FROM found GROUP BY 1
        ORDER BY n DESC, speaker COLLATE "C" LIMIT {{choices}}) best)
"""
# The years of the reels are read by their numbers at once, which touches each page of the catalogue
# and of its index once. One reel at a time, a common word touched half as many pages again for its
# years as for its lines. Joined, the planner might read all of the catalogue, or all pairs.
# Each reading of the hits that were found costs a common word a twentieth of its time. So kind,
# language and check are counted together, the count is the sum of that, and of the hits only
# those of the page's reels are put in order.


def search(where: str) -> str:
    """The statement for conditions on `line`.

    Its values: those of the conditions, how many hits are counted at most, and what `page` gives.
    Its answer is one row of JSON, each a list or nothing: the page's lines in order, as `LINE` and
    `AROUND` say; kind, language, check and hits; reel and hits; year and hits; speaker and hits.
    """
    return _SEARCH.format(where=where, read=_READ, beside=_BESIDE, choices=CHOICES)


def counted(where: str) -> str:
    """The same without facets, which take a quarter of a common word's time: one row of the page's
    lines and the number of hits. The values are the same."""
    return _COUNTED.format(where=where, read=_READ, beside=_BESIDE)


def page(size: int, before: int) -> list[int]:
    """The statement's last values: hits of a page, and how many stand before it."""
    return [before, before + size, size, before]


_REELS = """
WITH found AS MATERIALIZED (
    SELECT line.id, line.reel_id, line.kind, line.number
    FROM review_searchline line WHERE {where} LIMIT %s
), counted AS MATERIALIZED (
    SELECT reel_id, count(*) AS n FROM found GROUP BY 1
), best AS (
    SELECT reel_id, n FROM counted ORDER BY n DESC, reel_id LIMIT %s OFFSET %s
), shown AS (
    SELECT id, reel_id, n, row_number() OVER (PARTITION BY reel_id ORDER BY kind, number) AS at
    FROM found JOIN best USING (reel_id)
)
SELECT reel_id, n, (SELECT count(*) FROM counted), array_agg(id ORDER BY at)
FROM shown WHERE at <= %s GROUP BY reel_id, n ORDER BY n DESC, reel_id
"""


def reels(where: str) -> str:
    """The reels that have hits, those with most first: number, hits, how many reels there are, and
    the numbers of its first hits. Its values: those of the conditions, how many hits are counted at
    most, reels of a page, how many stand before it, and hits that are shown of each."""
    return _REELS.format(where=where)


def lines() -> str:
    """The lines of some numbers, in no order, each as `LINE` and `AROUND` say."""
    return f"SELECT {_READ} FROM review_searchline line{_BESIDE} WHERE line.id = ANY(%s)"


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
