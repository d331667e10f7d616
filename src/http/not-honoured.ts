import type { Context } from "../context.ts";

const MAX_NAMES = 20;

const shown = (name: string): string =>
  /^[\w.-]{1,64}$/.test(name) ? name : encodeURIComponent(name.slice(0, 64).toWellFormed());

/** Says in a header and in the log which fields of a request nothing was made of. */
export function notHonoured(
  ctx: Context,
  fields: readonly string[],
  of: { run_id: string },
): Record<string, string> {
  if (fields.length === 0) return {};
  const names = fields.slice(0, MAX_NAMES).map(shown).join(", ");
  ctx.log.warn({ ...of, fields: names }, "fields of a run that are not honoured");
  return { warning: `299 kagari "fields not honoured: ${names}"` };
}
