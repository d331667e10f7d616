/** Where a chunk is in its document, besides its lines: what its kind of document has. */
export interface ChunkPlace {
  /** Page of a PDF, from 1; the lines are those of the page. */
  page?: number | undefined;
  /** Headings above it, the outermost first: `Guide > Lamps`. */
  heading?: string | undefined;
  /** Rows of a table, from 1 below its head. */
  first_row?: number | undefined;
  last_row?: number | undefined;
  /** Where it begins in a JSON document, such as `$.items[3]`. */
  path?: string | undefined;
}
