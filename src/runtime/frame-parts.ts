/** One server-sent event without its id: name and JSON text. */
export type Part = [event: string, data: string];

/** The event name of a subgraph: its mode and namespace joined with `|`. */
export const withNamespace = (event: string, ns: readonly string[]): string =>
  ns.length === 0 ? event : `${event}|${ns.join("|")}`;
