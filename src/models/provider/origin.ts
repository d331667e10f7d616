import type { User } from "../../domain/actor.ts";

/** On whose behalf a call is made; all undefined outside of a run. */
export interface CallOrigin {
  readonly runId: string | undefined;
  readonly threadId: string | undefined;
  readonly assistantId: string | undefined;
  /** The identity that the run is for, and the API key that it came with. */
  readonly owner: string | undefined;
  readonly keyId: string | undefined;
}

/** Undefined where nobody is told from anybody else. */
const named = (text: string | undefined): string | undefined => (text === "" ? undefined : text);

/** A call that somebody makes outside of a run. */
export const originOfUser = (user: User | null): CallOrigin => ({
  runId: undefined,
  threadId: undefined,
  assistantId: undefined,
  owner: named(user?.identity),
  keyId: named(user?.key_id),
});
