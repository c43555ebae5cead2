"""Search: documents, query, ranking; one file a back end."""
