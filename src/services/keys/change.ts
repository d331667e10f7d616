import { ConflictError, NotFoundError } from "../../core/errors.ts";
import { type ApiKey, newSecret } from "../../domain/api-key.ts";
import type { KeyContext } from "./create.ts";

export const listKeys = ({ storage }: KeyContext): Promise<ApiKey[]> => storage.apiKeys.list();

/** Ends a key for good, at once and in every process. */
export async function revokeKey(ctx: KeyContext, input: { name: string }): Promise<ApiKey> {
  const key = await ctx.storage.apiKeys.revoke(input.name, ctx.clock.now());
  if (!key) throw new NotFoundError("Key", input.name);
  await ctx.guard.keysChanged();
  return key;
}

/** Gives a key a new secret; the old one ends. */
export async function rotateKey(
  ctx: KeyContext,
  input: { name: string },
): Promise<{ key: ApiKey; secret: string }> {
  const { secret, digest } = newSecret();
  const key = await ctx.storage.apiKeys.rotate(input.name, digest, ctx.clock.now());
  if (!key) throw new NotFoundError("Key that is not revoked", input.name);
  await ctx.guard.keysChanged();
  return { key, secret };
}

/** Forgets a revoked key. When the last one goes, the server asks for keys no more. */
export async function deleteKey(ctx: KeyContext, input: { name: string }): Promise<void> {
  const { apiKeys } = ctx.storage;
  if (!(await apiKeys.delete(input.name))) {
    if ((await apiKeys.list()).some(({ name }) => name === input.name))
      throw new ConflictError(`The key ${input.name} is in use; revoke it before`);
    throw new NotFoundError("Key", input.name);
  }
  await ctx.guard.keysChanged();
}
