import type { KeptDocument } from "../knowledge-port.ts";
import { fromJson } from "../json-column.ts";
import type { KnowledgeDocumentTable } from "../knowledge-schema.ts";

/** Columns of a document as it is read. */
export const DOCUMENT_COLUMNS = [
  "document_no",
  "document_id",
  "source",
  "content_type",
  "hash",
  "chunks",
  "model",
  "metadata",
] as const;

type DocumentRow = Pick<
  KnowledgeDocumentTable,
  Exclude<(typeof DOCUMENT_COLUMNS)[number], "document_no">
> & {
  document_no: number;
};

export const toDocument = (row: DocumentRow): KeptDocument => ({
  ...row,
  metadata: fromJson(row.metadata),
});

/** The word that all chunks of a collection have: it begins with a sign that no word of a text has. */
export const collectionWord = (collectionNo: number): string => `§${collectionNo}§`;

/** Whom a collection belongs to that was deleted and is yet to be cleared away. */
export const GONE = "\u001fgone";
