import type { AccessFilter } from "../domain/access-filter.ts";
import type { Actor } from "../domain/actor.ts";

/** Something that somebody wants to do: `resource:action`, and with what. */
export interface Deed {
  event: string;
  /** What a handler may read and change: ids, metadata and so on, as the wire names them. */
  value: Record<string, unknown>;
}

/** Decides who may do what. */
export interface Guard {
  /** Who sent a request; rejects with `unauthorized` when that is not known but has to be. */
  authenticate(request: Request): Promise<Actor>;
  /** Rejects when it is not allowed; else the rows that it is limited to, undefined for all. */
  decide(actor: Actor, deed: Deed): Promise<AccessFilter | undefined>;
}
