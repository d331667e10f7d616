import type { Context as HonoContext } from "hono";
import type { Context } from "../context.ts";
import type { Actor } from "../domain/actor.ts";
import { InProcess } from "../domain/in-process.ts";

/** Where an actor is kept that is known before the router asks for it. */
const KNOWN = "kagari_actor";

/** A graph of this process asks as the user of its run; everybody else says who they are. */
export async function actorOfRequest({ guard }: Context, c: HonoContext): Promise<Actor> {
  // What is kept under the key was put there below.
  const known = c.get(KNOWN) as Actor | undefined;
  if (known !== undefined) return known;
  const env: unknown = c.env;
  const actor =
    env instanceof InProcess && env.user !== undefined
      ? await guard.recall(env.user)
      : await guard.authenticate(c.req.raw);
  c.set(KNOWN, actor);
  return actor;
}
