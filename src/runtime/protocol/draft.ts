import type { Json } from "../../core/json.ts";

/** An event of the protocol before it has a place in its thread. */
export interface Draft {
  method: string;
  /** Where it is subscribed to, when that is not its method. */
  channel?: string;
  namespace: readonly string[];
  node?: string;
  /** Its payload, or how to get it once somebody wants it; undefined when it cannot be had any more. */
  data: Json | (() => Promise<Json | undefined>);
}
