export type Body = Record<string, unknown>;

/** What decides how thinking is asked for in one request. */
export interface ThinkingRequest {
  readonly model: string;
  readonly isStreamed: boolean;
  /** true: off, false: on, undefined: as the server likes. */
  readonly noThink: boolean | undefined;
}

/** How one provider's Chat Completions differ from the plain OpenAI wire. */
export interface Dialect {
  readonly name: string;
  /** Host names, each with its subdomains, that tell this provider. */
  readonly hosts: readonly string[];
  readonly currency: "CNY" | "USD";
  maxTokensField(model: string): "max_tokens" | "max_completion_tokens";
  /** Body fields that switch thinking; {} where nothing must be said. */
  thinking(request: ThinkingRequest): Body;
  /** Whether `no_think` reaches this model at all. */
  canSwitchThinking(model: string): boolean;
  /** Whether an answer that is not streamed to the caller must still be streamed from the provider. */
  mustStream?(request: ThinkingRequest): boolean;
  /** Last changes of a request body, made in place. */
  adapt?(body: Body, model: string): void;
  /** Error codes of the body that pass by themselves, whatever the message says. */
  readonly transientCodes?: readonly string[];
  /** Error codes of the body that no retry helps. */
  readonly finalCodes?: readonly string[];
}

/** A dialect that adds nothing to the OpenAI wire. */
export function plainDialect(
  name: string,
  currency: Dialect["currency"],
  hosts: string[] = [],
): Dialect {
  return {
    name,
    hosts,
    currency,
    maxTokensField: () => "max_tokens",
    thinking: () => ({}),
    canSwitchThinking: () => false,
  };
}
