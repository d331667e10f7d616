import { AppError } from "../core/errors.ts";
import { isJsonObject } from "../core/json.ts";
import type { AccessFilter } from "../domain/access-filter.ts";
import type { Actor } from "../domain/actor.ts";
import type { Deed } from "./guard-port.ts";

/** Is it about the whole server and not the rows of somebody? Keys are for administrators even while there are none. */
export function isForAdmins(event: string, isOpen: boolean): boolean {
  const [resource = ""] = event.split(":");
  const isServerWide = ["internal", "metrics", "budgets"].includes(resource);
  return resource === "keys" || (isServerWide && !isOpen);
}

/** An administrator may do all of it; to look at figures a permission of that name is enough. */
export function checkAdmin({ user, permissions }: Actor, event: string): void {
  const isObserver = event === "metrics:read" && permissions.includes("metrics");
  if (user?.is_admin !== true && !isObserver)
    throw new AppError("forbidden", `${event} is for administrators of the server only`);
}

const MAKES = /:(create|create_run)$/;

/**
 * The handler of API keys, which does what one of `auth.path` would: what a key makes names its owner,
 * and it sees only that. An administrator sees everything.
 */
export function decideForKey(actor: Actor, { event, value }: Deed): AccessFilter | undefined {
  const owner = actor.identity;
  if (MAKES.test(event))
    value["metadata"] = { ...(isJsonObject(value["metadata"]) ? value["metadata"] : {}), owner };
  return actor.user?.is_admin === true ? undefined : { has: { owner } };
}
