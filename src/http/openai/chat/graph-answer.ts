import { z } from "zod";
import type { Frame } from "../../../context.ts";
import { AppError, type ErrorCode, STATUS_OF } from "../../../core/errors.ts";
import { isJsonObject, type JsonObject } from "../../../core/json.ts";
import type { Delta, Ending, Usage } from "./completion.ts";
import { Interrupt, questionText } from "./interrupts.ts";
import { textOf } from "./request.ts";

const LONGEST_RESULT = 300;

const count = z.number().nonnegative().catch(0).default(0);
const Tokens = z.object({
  input_tokens: count,
  output_tokens: count,
  input_token_details: z.looseObject({ cache_read: count }).optional().catch(undefined),
  output_token_details: z.looseObject({ reasoning: count }).optional().catch(undefined),
});
/** Graphs may leave messages in the short form that LangChain takes too. */
const TYPE_OF_ROLE: Readonly<Record<string, string>> = { assistant: "ai", user: "human" };
const withType = (raw: unknown): unknown => {
  if (!isJsonObject(raw) || "type" in raw || typeof raw["role"] !== "string") return raw;
  return { ...raw, type: TYPE_OF_ROLE[raw["role"]] ?? raw["role"] };
};

const Message = z.looseObject({
  id: z.string().nullish(),
  type: z.string(),
  name: z.string().nullish(),
  content: z.json(),
  additional_kwargs: z.looseObject({ reasoning_content: z.string().nullish() }).nullish(),
  response_metadata: z.looseObject({ finish_reason: z.string().nullish() }).nullish(),
  tool_calls: z
    .array(z.looseObject({ name: z.string(), args: z.json() }))
    .nullish()
    .catch(null),
  usage_metadata: Tokens.nullish().catch(null),
});
type Message = z.infer<typeof Message>;
const Failure = z.object({ error: z.string(), message: z.string() });

/**
 * What a run of a graph says, as the answer of one assistant: the words of the graph's own nodes are
 * the answer; those of its subgraphs, and its tools at work, are its thinking.
 */
export class GraphAnswer {
  readonly #showsTools: boolean;
  /** Messages that were told as they came. */
  readonly #told = new Set<string>();
  readonly #counted = new Set<string>();
  readonly #interrupts = new Map<string, Interrupt>();
  readonly #usage: Usage = {
    prompt_tokens: 0,
    completion_tokens: 0,
    total_tokens: 0,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: 0 },
  };
  #last: Message | undefined;
  isCancelled = false;
  content = "";
  reasoning = "";

  constructor({ showsTools }: { showsTools: boolean }) {
    this.#showsTools = showsTools;
  }

  /** What a frame of the modes messages-tuple and updates adds; throws the error a run failed with. */
  take({ event, data }: Frame): Delta[] {
    const [mode = "", ...namespace] = event.split("|");
    const payload: unknown = JSON.parse(data);
    if (mode === "messages" && Array.isArray(payload)) return this.#message(payload);
    if (mode === "updates") return this.#update(payload, namespace.length === 0);
    if (mode === "error") throw failureOf(payload);
    if (mode === "end" && isJsonObject(payload))
      this.isCancelled = payload["status"] === "interrupted";
    return [];
  }

  /** What the graph waits for. */
  get interrupts(): Interrupt[] {
    return [...this.#interrupts.values()];
  }

  /** What is left to say at the end: a last message that was not told yet, or the question of a graph. */
  finish(): Delta[] {
    if (this.#interrupts.size > 0) return this.#say(questionText(this.interrupts));
    const { id, content } = this.#last ?? {};
    if (id != null && this.#told.has(id)) return [];
    const text = textOf(content);
    return this.content.endsWith(text) ? [] : this.#say(text);
  }

  ending({ thread_id, run_id }: { thread_id: string; run_id: string }): Ending {
    const { interrupts } = this;
    const about: JsonObject = { thread_id, run_id };
    if (interrupts.length > 0) about["interrupts"] = z.array(z.json()).parse(interrupts);
    return { finish_reason: this.#finishReason(), usage: this.#usage, more: { kagari: about } };
  }

  #finishReason(): string {
    if (this.isCancelled) return "stop";
    const said = this.#last?.response_metadata?.finish_reason;
    return said === "length" || said === "content_filter" ? said : "stop";
  }

  #message([raw, about]: unknown[]): Delta[] {
    const message = Message.safeParse(raw).data;
    if (!message || (message.type !== "ai" && message.type !== "AIMessageChunk")) return [];
    const thought = message.additional_kwargs?.reasoning_content ?? "";
    const text = textOf(message.content);
    const deltas = thought === "" ? [] : this.#think(thought);
    if (!isOfRoot(about)) return text === "" ? deltas : [...deltas, ...this.#think(text)];
    if (text === "") return deltas;
    const { id } = message;
    const isNew = typeof id === "string" && !this.#told.has(id);
    if (typeof id === "string") this.#told.add(id);
    // Two messages of one answer are two paragraphs.
    const gap = isNew && this.content !== "" ? "\n\n" : "";
    return [...deltas, ...this.#tell(gap + text)];
  }

  #update(payload: unknown, isRoot: boolean): Delta[] {
    return Object.entries(isJsonObject(payload) ? payload : {}).flatMap(([node, update]) => {
      if (node === "__interrupt__") return this.#ask(update);
      const messages = isJsonObject(update) ? update["messages"] : undefined;
      return (Array.isArray(messages) ? messages : [messages]).flatMap((raw) => {
        const message = Message.safeParse(withType(raw)).data;
        return message ? this.#whole(message, isRoot) : [];
      });
    });
  }

  #whole(message: Message, isRoot: boolean): Delta[] {
    this.#count(message);
    if (isRoot && message.type === "ai") this.#last = message;
    if (!this.#showsTools || !isRoot) return [];
    if (message.type === "tool")
      return this.#think(`${message.name ?? "tool"}: ${short(textOf(message.content))}\n`);
    const calls = message.tool_calls ?? [];
    return calls.flatMap(({ name, args }) =>
      this.#think(`${name} ${short(JSON.stringify(args))}\n`),
    );
  }

  #count({ id, usage_metadata: used }: Message): void {
    if (!used || typeof id !== "string" || this.#counted.has(id)) return;
    this.#counted.add(id);
    const usage = this.#usage;
    usage.prompt_tokens += used.input_tokens;
    usage.completion_tokens += used.output_tokens;
    usage.total_tokens += used.input_tokens + used.output_tokens;
    usage.prompt_tokens_details.cached_tokens += used.input_token_details?.cache_read ?? 0;
    usage.completion_tokens_details.reasoning_tokens += used.output_token_details?.reasoning ?? 0;
  }

  #ask(interrupts: unknown): Delta[] {
    for (const raw of Array.isArray(interrupts) ? interrupts : []) {
      const interrupt = Interrupt.safeParse(raw).data;
      if (interrupt) this.#interrupts.set(interrupt.id, interrupt);
    }
    return [];
  }

  #say(text: string): Delta[] {
    if (text === "") return [];
    return this.#tell(this.content === "" ? text : `\n\n${text}`);
  }

  #tell(content: string): Delta[] {
    this.content += content;
    return [{ content }];
  }

  #think(reasoning: string): Delta[] {
    this.reasoning += reasoning;
    return [{ reasoning_content: reasoning }];
  }
}

/** Whether a message comes from a node of the graph itself: its place is that of one task. */
function isOfRoot(about: unknown): boolean {
  const place = isJsonObject(about) ? about["langgraph_checkpoint_ns"] : undefined;
  return typeof place !== "string" || !place.includes("|");
}

function failureOf(payload: unknown): AppError {
  const { error, message } = Failure.safeParse(payload).data ?? { error: "", message: "" };
  return new AppError(isCode(error) ? error : "internal", message);
}

const isCode = (name: string): name is ErrorCode => Object.hasOwn(STATUS_OF, name);

const short = (text: string): string =>
  text.length > LONGEST_RESULT ? `${text.slice(0, LONGEST_RESULT)}...` : text;
