-- The newest revision of each connection is read by walking this index alone, however large the documents are.
DROP INDEX connections_of_integration;
CREATE INDEX connections_of_integration ON connections (integration_id, created_at, id, metadata_revision);
