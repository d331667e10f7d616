import type { ApiKey, KeyDigest } from "../domain/api-key.ts";

/** As in ports.ts: every method is one whole commit, and absence is `undefined`. */
export interface ApiKeys {
  /** Rejects with ConflictError when the name is taken. */
  create(key: ApiKey, hash: string): Promise<void>;
  findByHash(hash: string): Promise<ApiKey | undefined>;
  findById(keyId: string): Promise<ApiKey | undefined>;
  /** Oldest first. */
  list(): Promise<ApiKey[]>;
  /** Ends a key for good; one that is revoked already stays as it is. */
  revoke(name: string, now: number): Promise<ApiKey | undefined>;
  /** Gives a key that is not revoked another secret; the old one is worth nothing any more. */
  rotate(name: string, digest: KeyDigest, now: number): Promise<ApiKey | undefined>;
  /** Deletes a key that is revoked; false when there is none of that name. */
  delete(name: string): Promise<boolean>;
  touch(keyId: string, now: number): Promise<void>;
  hasAny(): Promise<boolean>;
}
