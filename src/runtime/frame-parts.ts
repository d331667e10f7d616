import type { Frame } from "../context.ts";

/** One server-sent event without its id: name and JSON text. */
export type Part = [event: string, data: string];

/** The event name of a subgraph: its mode and namespace joined with `|`. */
export const withNamespace = (event: string, ns: readonly string[]): string =>
  ns.length === 0 ? event : `${event}|${ns.join("|")}`;

/** Whether a namespace is one of those wanted or below: a part `node` stands for every `node:task`. */
export const isWithin = (
  ns: readonly string[],
  wanted: readonly (readonly string[])[] | undefined,
): boolean =>
  wanted === undefined ||
  wanted.some((path) =>
    path.every((part, index) => ns[index] === part || ns[index]?.split(":", 1)[0] === part),
  );

/** The parts of an event with their ids: "12.0", "12.1", and "12" for the last, after which all of it is had. */
export const numbered = (parts: Part[], seq: number): Frame[] =>
  parts.map(([event, data], part) => ({
    id: part === parts.length - 1 ? String(seq) : `${seq}.${part}`,
    event,
    data,
  }));
