"""For scripts/bench_search.py: the server's share of the work, and Elasticsearch as it comes."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from elasticsearch.helpers import streaming_bulk

from pipeline.index.documents import Document
from pipeline.index.wanted import Query

NAME = "usual"
FOLDED = {
    "char_filter": {"d": {"type": "mapping", "mappings": ["đ => d", "Đ => D"]}},
    "analyzer": {
        "folded": {
            "tokenizer": "standard",
            "char_filter": ["d"],
            "filter": ["lowercase", "asciifolding"],
        }
    },
}
FIELDS = ("child", "mother", "father", "place")


class UsualElasticsearch:
    """Names with `asciifolding` in a field each, `multi_match` with `fuzziness` AUTO, the year."""

    def __init__(self, host: str) -> None:
        self._client = Elasticsearch(host, request_timeout=120)

    def replace_all(self, found: Iterable[Document]) -> None:
        """Index them."""
        text = {"type": "text", "analyzer": "folded"}
        self._client.options(ignore_status=404).indices.delete(index=NAME)
        self._client.indices.create(
            index=NAME,
            settings={"number_of_replicas": 0, "refresh_interval": "-1", "analysis": FOLDED},
            mappings={
                "dynamic": "strict",
                "properties": dict.fromkeys(FIELDS, text) | {"year": {"type": "integer"}},
            },
        )
        actions = ({"_id": one.id, "_source": self._fields(one)} for one in found)
        for _answer in streaming_bulk(self._client, actions, index=NAME, chunk_size=1000):
            pass
        self._client.indices.refresh(index=NAME)

    @staticmethod
    def _fields(item: Document) -> dict[str, Any]:
        def said(role: str) -> list[str]:
            return [name.text for name in item.names if name.role == role]

        return {
            "child": said("self"),
            "mother": said("mother"),
            "father": said("father"),
            "place": [text for _key, text in item.places],
            "year": sorted({year.year for year in item.years}),
        }

    def ids(self, query: Query) -> list[str]:
        """Return the ids of the best ten."""
        if not query.names:
            return []
        first, *others = [" ".join(name.said) for name in query.names]
        fuzzy = {"fuzziness": "AUTO"}
        wanted: list[dict[str, Any]] = [{"match": {"child": {"query": first, "boost": 2, **fuzzy}}}]
        wanted += [
            {"multi_match": {"query": other, "fields": ["mother", "father"], **fuzzy}}
            for other in others
        ]
        wanted += [{"term": {"year": {"value": year, "boost": 3}}} for year in query.years]
        wanted += [
            {"match": {"place": {"query": " ".join(place.said), **fuzzy}}} for place in query.places
        ]
        found = self._client.search(
            index=NAME,
            query={"bool": {"should": wanted}},
            size=10,
            source=False,
            track_total_hits=False,
        )
        return [hit["_id"] for hit in found["hits"]["hits"]]


def cpu_ms(pid: int) -> float:
    """Return the milliseconds of CPU that the threads of a process have had, all its work."""
    spent = 0
    for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            spent += int(file.read_text(encoding="ascii").split()[0])
        except OSError:  # that thread has ended; it was not the one that answers
            continue
    return spent / 1e6
