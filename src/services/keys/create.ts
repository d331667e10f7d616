import type { Context } from "../../context.ts";
import { AppError, ConflictError } from "../../core/errors.ts";
import { newId } from "../../core/ids.ts";
import { type ApiKey, type KeyLimits, newSecret } from "../../domain/api-key.ts";

type AskedLimits = { [Name in keyof KeyLimits]?: KeyLimits[Name] | undefined };

export interface CreateKey extends AskedLimits {
  name: string;
  /** The key's own name when not given. */
  owner?: string | undefined;
  is_admin?: boolean | undefined;
}

/** What of the server the keys need, so that a command can do without the rest. */
export type KeyContext = Pick<Context, "storage" | "clock"> & {
  guard: Pick<Context["guard"], "keysChanged">;
};

/** Makes a key; only here, and when it is rotated, its secret is known. */
export async function createKey(
  { storage, clock, guard }: KeyContext,
  { name, owner, is_admin, ...limits }: CreateKey,
): Promise<{ key: ApiKey; secret: string }> {
  const now = clock.now();
  if (typeof limits.expires_at === "number" && limits.expires_at <= now)
    throw new AppError("validation", "expires_at: the time is over already");
  const { secret, digest } = newSecret();
  const { hash, prefix, last4 } = digest;
  const key: ApiKey = {
    key_id: newId(),
    name,
    owner: owner ?? name,
    is_admin: is_admin ?? false,
    prefix,
    last4,
    models: limits.models ?? null,
    graphs: limits.graphs ?? null,
    routes: limits.routes ?? null,
    requests_per_minute: limits.requests_per_minute ?? null,
    tokens_per_minute: limits.tokens_per_minute ?? null,
    concurrency: limits.concurrency ?? null,
    budget: limits.budget ?? null,
    expires_at: limits.expires_at ?? null,
    created_at: now,
    rotated_at: null,
    revoked_at: null,
    last_used_at: null,
  };
  try {
    await storage.apiKeys.create(key, hash);
  } catch (error) {
    if (error instanceof ConflictError)
      throw new ConflictError(`There is a key named ${JSON.stringify(name)} already`);
    throw error;
  }
  await guard.keysChanged();
  return { key, secret };
}
