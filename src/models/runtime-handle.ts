import { AppError } from "../core/errors.ts";
import type { FileStore } from "./files/file-store-port.ts";
import type { PromptLibrary } from "../prompts/library.ts";
import type { CallLimiter } from "./limits/call-limiter-port.ts";
import type { ModelRegistry } from "./registry.ts";
import type { TokenFactors } from "./tokens/token-factors.ts";
import type { UsagePort } from "./usage-port.ts";
import type { DocumentLoader } from "../knowledge/loader-port.ts";
import type { Knowledge } from "../knowledge/port.ts";
import type { ToolHost } from "../tools/tool-host-port.ts";

const HANDLE = Symbol.for("kagari.runtime");
const VERSION = 1;

/** What a running server lends to every copy of graphkit in its process. */
export interface KagariRuntime {
  readonly version: typeof VERSION;
  readonly models: ModelRegistry;
  readonly prompts: PromptLibrary;
  readonly usage: UsagePort;
  /** Counts the calls of all graphs against the models' rate limits. */
  readonly limiter: CallLimiter;
  readonly files: FileStore;
  /** What was learnt of how models count tokens. */
  readonly factors: TokenFactors;
  /** The documents of owners; in a plain script those that it has given. */
  readonly knowledge?: Knowledge | undefined;
  /** Reads documents that clients send. */
  readonly documents?: DocumentLoader | undefined;
  /** What the operator allows tools; defaults in a plain script. */
  readonly tools?: ToolHost | undefined;
}

/** Makes a server's models, prompts and ledger the ones that graphs use; returns its undoing. */
export function installRuntime(runtime: KagariRuntime): () => void {
  const holder = globalHolder();
  holder[HANDLE] = runtime;
  return () => {
    if (holder[HANDLE] === runtime) delete holder[HANDLE];
  };
}

/** The running server's handle, or undefined in a plain script. */
export function installedRuntime(): KagariRuntime | undefined {
  const runtime = globalHolder()[HANDLE];
  if (runtime !== undefined && runtime.version !== VERSION)
    throw new AppError(
      "internal",
      `kagari/graphkit speaks runtime ${VERSION}, the running server ${String(runtime.version)}: install the same version of kagari`,
    );
  return runtime;
}

/** The handle is the one global of the product: two loaded copies must find the same server. */
function globalHolder(): { [HANDLE]?: KagariRuntime } {
  return globalThis as { [HANDLE]?: KagariRuntime };
}
