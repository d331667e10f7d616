import { createHash, randomBytes } from "node:crypto";
import type { User } from "./actor.ts";

/** What every key of this server begins with. */
export const KEY_PREFIX = "kg_";
const SECRET_BYTES = 32;
const SHOWN_START = KEY_PREFIX.length + 4;

export const KEY_BUDGET_PERIODS = ["total", "day", "month"] as const;

/** What a key may spend. */
export interface KeyBudget {
  amount_micros: number;
  currency: string;
  per: (typeof KEY_BUDGET_PERIODS)[number];
}

/** What a key may do; null stands for no limit. */
export interface KeyLimits {
  models: string[] | null;
  graphs: string[] | null;
  /** Patterns of actions or paths. */
  routes: string[] | null;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  concurrency: number | null;
  budget: KeyBudget | null;
  /** Milliseconds since the epoch, as all times. */
  expires_at: number | null;
}

/** An API key without its secret, which nobody can be shown again. */
export interface ApiKey extends KeyLimits {
  key_id: string;
  name: string;
  /** Whose rows it makes and sees; several keys may share an owner. */
  owner: string;
  is_admin: boolean;
  /** The first and last signs of the secret, to know it by. */
  prefix: string;
  last4: string;
  created_at: number;
  rotated_at: number | null;
  revoked_at: number | null;
  last_used_at: number | null;
}

/** What is kept of a secret. */
export interface KeyDigest {
  hash: string;
  prefix: string;
  last4: string;
}

/** A secret has 256 random bits, so a plain hash of it cannot be turned back by trying. */
export const hashOf = (secret: string): string =>
  createHash("sha256").update(secret).digest("base64url");

export function newSecret(): { secret: string; digest: KeyDigest } {
  const secret = KEY_PREFIX + randomBytes(SECRET_BYTES).toString("base64url");
  return {
    secret,
    digest: {
      hash: hashOf(secret),
      prefix: secret.slice(0, SHOWN_START),
      last4: secret.slice(-4),
    },
  };
}

/** Why a key cannot be used now, if so. */
export function keyProblem(
  { revoked_at, expires_at }: ApiKey,
  now: number,
): "revoked" | "expired" | undefined {
  if (revoked_at !== null) return "revoked";
  return expires_at !== null && expires_at <= now ? "expired" : undefined;
}

/** A key as the user that graphs see. */
export const userOfKey = (key: ApiKey): User => ({
  identity: key.owner,
  display_name: key.name,
  is_authenticated: true,
  permissions: key.routes ?? ["*"],
  key_id: key.key_id,
  ...(key.is_admin ? { is_admin: true } : {}),
  ...(key.models ? { models: key.models } : {}),
  ...(key.graphs ? { graphs: key.graphs } : {}),
});
