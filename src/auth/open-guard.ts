import { ANONYMOUS } from "../domain/actor.ts";
import type { Guard } from "./guard-port.ts";

/** The guard of a server without keys and auth handlers: everybody may do everything. */
export const openGuard: Guard = {
  authenticate: async () => ANONYMOUS,
  decide: async () => undefined,
};
