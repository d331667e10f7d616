import type { ToolRule } from "../domain/tool-rule.ts";

/** What one call of a tool may take. */
export interface ToolLimits {
  /** 0 for no limit. */
  readonly timeoutMs: number;
  /** Longest result that a model is given whole. */
  readonly resultCharacters: number;
}

/** What a server lends to the tools of graphs. */
export interface ToolHost {
  /** The defaults of the settings where there is no server. */
  readonly limits?: ToolLimits;
  /** The operator's, as they are now. */
  readonly rules: readonly ToolRule[];
}
