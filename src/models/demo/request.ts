import { z } from "zod";
import { contentText } from "../wire.ts";

const toolSchema = z.looseObject({
  function: z.looseObject({ name: z.string(), parameters: z.looseObject({}).nullish() }),
});

const demoRequestSchema = z.looseObject({
  model: z.string(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })),
  tools: z.array(toolSchema).nullish(),
  tool_choice: z.unknown().optional(),
  stream: z.boolean().nullish(),
  max_tokens: z.int().positive().nullish(),
  enable_thinking: z.boolean().nullish(),
  demo: z.looseObject({ delay_ms: z.number().min(0).max(60_000).optional() }).nullish(),
});

/** What the demo reads of a Chat Completions request. */
export interface DemoRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly text: string }[];
  readonly tools: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly forcedTool: string | undefined;
  readonly isStreamed: boolean;
  readonly maxTokens: number | undefined;
  readonly thinking: boolean | undefined;
  readonly delayMs: number;
}

/** Reads a request body; throws ZodError for one that no server would take. */
export function readDemoRequest(body: unknown): DemoRequest {
  const request = demoRequestSchema.parse(body);
  const tools = new Map(
    (request.tools ?? []).map((tool) => [tool.function.name, tool.function.parameters ?? {}]),
  );
  const forced = z
    .looseObject({ function: z.looseObject({ name: z.string() }) })
    .safeParse(request.tool_choice);
  const name = forced.success ? forced.data.function.name : undefined;
  return {
    model: request.model,
    messages: request.messages.map(({ role, content }) => ({ role, text: contentText(content) })),
    tools: request.tool_choice === "none" ? new Map() : tools,
    forcedTool: name !== undefined && tools.has(name) ? name : undefined,
    isStreamed: request.stream ?? false,
    maxTokens: request.max_tokens ?? undefined,
    thinking: request.enable_thinking ?? undefined,
    delayMs: request.demo?.delay_ms ?? 0,
  };
}
