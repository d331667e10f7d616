import { randomUUID } from "node:crypto";
import { v5, v7 } from "uuid";

/** Namespace of the ids of system assistants, fixed by the Agent Server contract. */
const ASSISTANT_NAMESPACE = "6ba7b821-9dad-11d1-80b4-00c04fd430c8";

/** Namespace of ids that are made from what they stand for. */
const DERIVED_NAMESPACE = "5b1f6f0e-6a4e-5c0f-9a55-6b6b61676172";

/** The same id for the same name, in whatever process. */
export const derivedId = (name: string): string => v5(name, DERIVED_NAMESPACE);

/** A new time-ordered id, so that rows made later sort later. */
export const newId = (): string => v7();

/** A new id without an order, which costs far less. */
export const randomId = (): string => randomUUID();

/** The id of a graph's system assistant: UUIDv5 of the graph id. */
export const systemAssistantId = (graphId: string): string => v5(graphId, ASSISTANT_NAMESPACE);
