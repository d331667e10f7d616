import { isJsonObject, type Json, type JsonObject, objectsIn } from "../../core/json.ts";

interface Block {
  index: number;
  /** Tells a text from a thought and one tool call from the next. */
  key: string;
  /** The block as it stands, all its pieces put together. */
  content: JsonObject;
}

/**
 * One message as the protocol streams it: its start, content blocks that never overlap, its end.
 * Every payload names the message as its run, so that messages of parallel calls are kept apart.
 */
export class MessageBlocks {
  readonly #id: string;
  #block: Block | undefined;
  #count = 0;
  #usage: Json | undefined;
  #response: JsonObject = {};

  constructor(id: string) {
    this.#id = id;
  }

  /** Whether the model has said why it stopped. */
  get isComplete(): boolean {
    return "finish_reason" in this.#response;
  }

  start(message: JsonObject, metadata: JsonObject): JsonObject[] {
    const { ls_provider: provider, ls_model_name: model, ls_model_type: modelType } = metadata;
    const { run_id, thread_id } = metadata;
    const known = { provider, model, model_type: modelType, run_id, thread_id };
    const about = Object.fromEntries(
      Object.entries(known).flatMap(([key, value]) =>
        typeof value === "string" ? [[key, value]] : [],
      ),
    );
    const role = roleOf(message["type"]);
    return [this.#said({ event: "message-start", id: this.#id, role, metadata: about })];
  }

  /** What a chunk adds, or a whole message holds. */
  add(message: JsonObject): JsonObject[] {
    const { content, additional_kwargs: extra, usage_metadata: usage } = message;
    const { tool_call_chunks: chunks, tool_calls: calls, response_metadata: response } = message;
    if (usage !== undefined && usage !== null) this.#usage = usage;
    if (isJsonObject(response)) this.#response = { ...this.#response, ...response };
    const reasoning = isJsonObject(extra) ? extra["reasoning_content"] : undefined;
    const events = typeof reasoning === "string" ? this.#reasoning(reasoning) : [];
    events.push(...this.#content(content ?? null));
    const pieces = objectsIn(chunks);
    events.push(...pieces.flatMap((piece) => this.#toolChunk(piece)));
    if (pieces.length === 0 && message["type"] !== "AIMessageChunk")
      events.push(...objectsIn(calls).flatMap((call) => this.#toolCall(call)));
    return events;
  }

  text(text: string): JsonObject[] {
    if (text === "") return [];
    const events = this.#open("text", { type: "text", text: "" });
    this.#append("text", text);
    return [...events, this.#delta({ type: "text-delta", text })];
  }

  finish(): JsonObject[] {
    const events = this.#close();
    const usage = this.#usage === undefined ? {} : { usage: this.#usage };
    const response =
      Object.keys(this.#response).length === 0 ? {} : { responseMetadata: this.#response };
    return [...events, this.#said({ event: "message-finish", ...usage, ...response })];
  }

  fail(message: string): JsonObject[] {
    return [...this.#close(), this.#said({ event: "error", message })];
  }

  #content(content: Json): JsonObject[] {
    if (typeof content === "string") return this.text(content);
    return objectsIn(content).flatMap((block) => {
      const { type, text, reasoning } = block;
      if (type === "text") return typeof text === "string" ? this.text(text) : [];
      if (type === "reasoning")
        return typeof reasoning === "string" ? this.#reasoning(reasoning) : [];
      // Tool calls come by themselves too.
      return type === "tool_call" || type === "tool_call_chunk" ? [] : this.#other(block);
    });
  }

  #reasoning(reasoning: string): JsonObject[] {
    if (reasoning === "") return [];
    const events = this.#open("reasoning", { type: "reasoning", reasoning: "" });
    this.#append("reasoning", reasoning);
    return [...events, this.#delta({ type: "reasoning-delta", reasoning })];
  }

  #toolChunk({ index, id, name, args }: JsonObject): JsonObject[] {
    const key = `tool ${typeof index === "number" ? index : 0}`;
    const start = { type: "tool_call_chunk", id: id ?? null, name: name ?? null, args: "" };
    const events = this.#open(key, start);
    if (typeof args === "string") this.#append("args", args);
    const content: JsonObject = this.#block?.content ?? start;
    for (const [field, value] of Object.entries({ id, name }))
      if (typeof value === "string" && value !== "") content[field] = value;
    // A block delta replaces the fields it names.
    return [...events, this.#delta({ type: "block-delta", fields: { ...content } })];
  }

  #toolCall({ id, name, args }: JsonObject): JsonObject[] {
    const content = { type: "tool_call", id: id ?? null, name: name ?? "", args: args ?? {} };
    return this.#other(content, { ...content, type: "tool_call_chunk", args: "" });
  }

  /** A block that comes at once. */
  #other(content: JsonObject, start: JsonObject = content): JsonObject[] {
    const events = this.#close();
    const index = this.#count++;
    return [
      ...events,
      this.#said({ event: "content-block-start", index, content: start }),
      this.#said({ event: "content-block-finish", index, content }),
    ];
  }

  #open(key: string, content: JsonObject): JsonObject[] {
    if (this.#block?.key === key) return [];
    const events = this.#close();
    const index = this.#count++;
    this.#block = { index, key, content: { ...content } };
    return [...events, this.#said({ event: "content-block-start", index, content })];
  }

  #close(): JsonObject[] {
    const block = this.#block;
    this.#block = undefined;
    if (!block) return [];
    const content = finished(block.content);
    return [this.#said({ event: "content-block-finish", index: block.index, content })];
  }

  #append(field: string, more: string): void {
    if (!this.#block) return;
    const { content } = this.#block;
    const before = content[field];
    content[field] = typeof before === "string" ? before + more : more;
  }

  #delta(delta: JsonObject): JsonObject {
    return this.#said({ event: "content-block-delta", index: this.#block?.index ?? 0, delta });
  }

  #said(payload: JsonObject): JsonObject {
    return { ...payload, run_id: this.#id };
  }
}

function roleOf(type: Json | undefined): string {
  if (type === "human" || type === "system") return type;
  return "ai";
}

/** A tool call whose arguments are all there is one, or an invalid one. */
function finished(content: JsonObject): JsonObject {
  const { type, id, name, args } = content;
  if (type !== "tool_call_chunk") return content;
  const text = typeof args === "string" ? args : "";
  const parsed = parse(text === "" ? "{}" : text);
  if (isJsonObject(parsed))
    return { type: "tool_call", id: id ?? null, name: name ?? "", args: parsed };
  return { ...content, type: "invalid_tool_call", error: "The arguments are not a JSON object" };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
