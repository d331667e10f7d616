import type { ModelRegistry } from "../models/registry.ts";
import type { ToolHost } from "./tool-host-port.ts";

/** What tools may need of where they run. */
export interface Means {
  readonly models: ModelRegistry;
  readonly tools?: ToolHost | undefined;
  /** Present where documents are kept. */
  readonly knowledge?: unknown;
}
