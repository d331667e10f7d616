import { createHash } from "node:crypto";
import { AppError } from "../../core/errors.ts";
import { isJsonObject } from "../../core/json.ts";
import { reserveKey, settleKey } from "../../services/maintenance/idempotency.ts";
import type { ApiRequest, Route } from "../route.ts";

const MAX_KEY_LENGTH = 255;

type Request = ApiRequest<unknown, unknown, unknown>;

/** Answers a creating request, with an Idempotency-Key so that the same one again creates nothing more. */
export async function handleOnce(entry: Route, request: Request, path: string): Promise<Response> {
  const key = request.headers.get("idempotency-key");
  const { creates } = entry;
  if (key === null || creates === undefined) return entry.handle(request);
  if (key === "" || key.length > MAX_KEY_LENGTH)
    throw new AppError("validation", `Idempotency-Key has 1 to ${MAX_KEY_LENGTH} signs`);
  const { ctx, body, query } = request;
  const owner = { actor: ctx.actor.identity, key };
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([entry.method, path, query ?? null, body ?? null]))
    .digest("base64url");
  const creation = await reserveKey(ctx, { ...owner, fingerprint, creates });
  if (creation.isRepeat) return entry.handle({ ...request, creation });
  try {
    const response = await entry.handle({ ...request, creation });
    await settleKey(ctx, owner, { id: chosenId(body, creates) ?? creation.id });
    return response;
  } catch (error) {
    await settleKey(ctx, owner, { error });
    throw error;
  }
}

/** The id that the client itself has given what it creates. */
function chosenId(body: unknown, creates: string): string | undefined {
  const id = isJsonObject(body) ? body[`${creates}_id`] : undefined;
  return typeof id === "string" ? id : undefined;
}
