/** A slice of a sorted list. */
export interface Page<Sort extends string = string> {
  limit: number;
  offset: number;
  sort_by: Sort;
  sort_order: "asc" | "desc";
}

export interface PageOf<Row> {
  rows: Row[];
  /** How many rows match in all. */
  total: number;
}
