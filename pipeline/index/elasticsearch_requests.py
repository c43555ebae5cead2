"""What is asked of an Elasticsearch server, as JSON: fields of an index, writes, questions."""

import hashlib
from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

from pipeline.index.documents import Document
from pipeline.index.keys import document_keys
from pipeline.values import Rights

LAYOUT = 1  # of the fields below; other fields are another number
_WHOLE = 1.0  # weight of a name that is there with all its syllables, beside its pairs
SETTINGS: dict[str, object] = {
    "number_of_shards": 1,  # enough for some ten million records, and ranks as one
    "gc_deletes": "1h",  # what is known of a removed document: a write may be that late
}
FILLED = {"number_of_replicas": 0, "refresh_interval": "-1"}
SERVED = {"auto_expand_replicas": "0-1", "refresh_interval": None}  # a copy on a second node
MAPPING = {
    "dynamic": "strict",
    "_source": {"excludes": ["keys"]},
    "properties": {
        "keys": {
            "type": "text",
            "analyzer": "whitespace",
            "index_options": "docs",
            "norms": False,  # a record with many names is not less likely
        },
        "accession": {"type": "keyword"},
        "place": {"type": "keyword"},
        "kind": {"type": "keyword"},
        "revision": {"type": "long"},
        "card": {"type": "keyword", "index": False, "doc_values": False},
    },
}

_DOCUMENT = TypeAdapter(Document)
Json = dict[str, Any]


def card(document: Document) -> str:
    """Return a document as the index gives it back."""
    return _DOCUMENT.dump_json(document).decode()


def from_card(text: str) -> Document:
    """Return the document of a card."""
    return _DOCUMENT.validate_json(text)


def document_id(accession: str, record: str) -> str:
    """Return the id of a record's document; the same for each write of it."""
    return hashlib.sha256(f"{accession}\n{record}".encode()).hexdigest()[:40]


def put_action(document: Document) -> Json:
    """Return the action of a bulk request that puts a document in."""
    return {
        "_id": document_id(document.accession, document.id),
        "version": document.revision,
        "version_type": "external_gte",  # a write that comes twice is taken twice
        "_source": {
            "keys": " ".join(document_keys(document)),
            "accession": document.accession,
            "place": document.place,
            "kind": document.kind,
            "revision": document.revision,
            "card": card(document),
        },
    }


def removal_action(name: str, revision: int) -> Json:
    """Return the action of a bulk request that takes a document out, unless it is that new."""
    # Strictly newer: a document that was written at this very revision is spared.
    return {"_op_type": "delete", "_id": name, "version": revision, "version_type": "external"}


def question(wanted: Sequence[tuple[str, float]], rights: Rights) -> Json:
    """Return the query: by the rarity of the keys that are shared, and the whole name once more."""
    clauses: list[Json] = [
        {"term": {"keys": {"value": key, "boost": weight}}} for key, weight in wanted
    ]
    whole = [{"term": {"keys": key}} for key, _weight in wanted if key.startswith("p")]
    if len(whole) > 1:
        clauses.append({"bool": {"must": whole, "boost": _WHOLE}})
    return {"bool": {"should": clauses, "minimum_should_match": 1, **allowed(rights)}}


def allowed(rights: Rights) -> Json:
    """Return the clauses that keep all else out of every answer and count."""
    told: Json = {"filter": []}
    if rights.places is not None:
        told["filter"].append({"terms": {"place": sorted(rights.places)}})
    if rights.kinds is not None:
        told["filter"].append({"terms": {"kind": sorted(rights.kinds)}})
    if rights.closed:
        told["must_not"] = [{"terms": {"accession": sorted(rights.closed)}}]
    return told
