import type { Json } from "../core/json.ts";

/** Who somebody is, as graphs see it: what an auth handler answered, or the API key that was used. */
export interface User {
  identity: string;
  display_name: string;
  is_authenticated: boolean;
  permissions: string[];
  /** The API key it came with. */
  key_id?: string;
  /** May do what concerns the whole server. */
  is_admin?: boolean;
  [field: string]: Json | undefined;
}

/** On whose behalf something is done. */
export interface Actor {
  /** Whose rows are created; empty where nobody is told from anybody else. */
  readonly identity: string;
  readonly permissions: readonly string[];
  /** Null for the server itself and for whoever asks a server that is open to all. */
  readonly user: User | null;
  /** The server itself, whose own work needs no permission. */
  readonly isServer: boolean;
}

/** The server doing its own work. */
export const SERVER: Actor = { identity: "", permissions: [], user: null, isServer: true };

/** Whoever has not said who they are. */
export const ANONYMOUS: Actor = { ...SERVER, isServer: false };

export const actorOf = (user: User): Actor => ({
  identity: user.identity,
  permissions: user.permissions,
  user,
  isServer: false,
});
