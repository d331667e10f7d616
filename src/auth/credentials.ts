import { AppError } from "../core/errors.ts";
import { KEY_PREFIX } from "../domain/api-key.ts";

/** What the operator's own commands on this machine begin their secret with. */
export const LOCAL_PREFIX = "kl_";

const isOurs = (text: string | null | undefined): text is string =>
  text?.startsWith(KEY_PREFIX) === true || text?.startsWith(LOCAL_PREFIX) === true;

/** The secret of this server's that a request brings, in `x-api-key` or as a bearer token. */
export function secretOf(headers: Headers): string | undefined {
  const bearer = /^Bearer\s+(\S+)$/i.exec(headers.get("authorization") ?? "")?.[1];
  const [first, other] = [headers.get("x-api-key"), bearer].filter(isOurs);
  if (other !== undefined && other !== first)
    throw new AppError("unauthorized", "x-api-key and Authorization bring different keys");
  return first;
}
