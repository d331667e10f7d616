import type { AccessFilter } from "../domain/access-filter.ts";
import type { Actor, User } from "../domain/actor.ts";

/** Something that somebody wants to do: `resource:action`, and with what. */
export interface Deed {
  event: string;
  /** What a handler may read and change: ids, metadata and so on, as the wire names them. */
  value: Record<string, unknown>;
}

/** Decides who may do what. */
export interface Guard {
  /** True where there are no keys and no auth handlers: everybody may do everything. */
  readonly isOpen: boolean;
  /** True where somebody gets in for being at this machine alone. */
  readonly trustsThisMachine: boolean;
  /** Who sent a request; rejects with `unauthorized` when that is not known but has to be. */
  authenticate(request: Request): Promise<Actor>;
  /** Somebody who asked for something earlier; rejects with `unauthorized` when their key is no longer good. */
  recall(user: User): Promise<Actor>;
  /** Rejects when it is not allowed; else the rows that it is limited to, undefined for all. */
  decide(actor: Actor, deed: Deed): Promise<AccessFilter | undefined>;
  /** Counts a request in; rejects with `limit` when there are too many. Answers how to count it out, if it has to be. */
  admit(actor: Actor): (() => void) | undefined;
  /** Tokens that a key has used. */
  spend(keyId: string, tokens: number): void;
  /** Keys were made, changed or revoked, by this process. */
  keysChanged(): Promise<void>;
}
