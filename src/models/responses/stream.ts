import { parseQuietly } from "../failures/refusal.ts";
import type { Model } from "../model.ts";
import { argumentsText, asWireObject, itemsOf, said, type WireObject } from "../wire.ts";
import { aboutOf, failureOf, finishOf, thoughtOf } from "./answer.ts";
import { keptItem } from "./reasoning-items.ts";

/** What has been told of one item of the output. */
interface Told {
  /** The place of a call among the calls. */
  readonly call: number | undefined;
  hasText: boolean;
}

type Handler = (event: WireObject) => WireObject | undefined;

/** Turns the events of one response into chunks of a chat completion. */
export class ResponseStream {
  /** Whether the provider has said that the response is over. */
  isDone = false;
  readonly #model: Model;
  readonly #items = new Map<unknown, Told>();
  #calls = 0;
  #about: WireObject = {};
  readonly #handlers: Readonly<Record<string, Handler>> = {
    "response.created": ({ response }) => this.#created(asWireObject(response) ?? {}),
    "response.output_item.added": (event) => this.#added(event),
    "response.output_item.done": (event) => this.#done(event),
    "response.output_text.delta": (event) => this.#text(event, "content"),
    "response.refusal.delta": (event) => this.#text(event, "refusal"),
    "response.reasoning_text.delta": (event) => this.#text(event, "reasoning_content"),
    "response.reasoning_summary_text.delta": (event) => this.#text(event, "reasoning_content"),
    "response.reasoning_summary_part.added": ({ summary_index: index }) =>
      typeof index === "number" && index > 0
        ? this.#delta({ reasoning_content: "\n\n" })
        : undefined,
    "response.function_call_arguments.delta": (event) => this.#arguments(event),
    "response.completed": ({ response }) => this.#end(asWireObject(response) ?? {}),
    "response.incomplete": ({ response }) => this.#end(asWireObject(response) ?? {}),
    "response.failed": ({ response }) => failureOf(asWireObject(response) ?? {}),
    error: (event) => ({ error: asWireObject(event["error"]) ?? event }),
  };

  constructor(model: Model) {
    this.#model = model;
  }

  /** The chunk for an event; undefined where it adds nothing, the text itself where it is no JSON. */
  read(data: string): WireObject | string | undefined {
    const event = parseQuietly(data);
    if (event === undefined) return data;
    const handle = this.#handlers[said(event["type"]) ?? ""];
    if (handle !== undefined) return handle(event);
    // Gateways say in their own way that something went wrong.
    return event["error"] ? event : undefined;
  }

  #created(response: WireObject): WireObject {
    const { usage: _usage, ...about } = aboutOf(response);
    this.#about = about;
    return this.#delta({ role: "assistant", content: "" });
  }

  #added({ item: raw, output_index: place }: WireObject): WireObject | undefined {
    const item = asWireObject(raw) ?? {};
    const isCall = item["type"] === "function_call";
    const args = argumentsText(item["arguments"]);
    if (!isCall) return undefined;
    const told = { call: this.#calls++, hasText: args !== "" };
    this.#items.set(place, told);
    const { call_id: id, name } = item;
    return this.#call(told.call, { id, type: "function", function: { name, arguments: args } });
  }

  #arguments({ output_index: place, delta }: WireObject): WireObject | undefined {
    const told = this.#toldOf(place);
    told.hasText = true;
    return told.call === undefined
      ? undefined
      : this.#call(told.call, { function: { arguments: delta } });
  }

  /** The end of an item: what was not told piece by piece is told now. */
  #done({ item: raw, output_index: place }: WireObject): WireObject | undefined {
    const item = asWireObject(raw) ?? {};
    const { hasText: isTold, call } = this.#toldOf(place);
    if (item["type"] === "reasoning") {
      const index = typeof place === "number" ? place : 0;
      const details = [keptItem(item, { index, model: this.#model })];
      const reasoning_content = isTold ? "" : thoughtOf(item);
      return this.#delta({ reasoning_content, reasoning_details: details });
    }
    if (isTold) return undefined;
    if (item["type"] === "message") return this.#delta({ content: wordsOf(item) });
    if (item["type"] !== "function_call") return undefined;
    if (call !== undefined)
      return this.#call(call, { function: { arguments: argumentsText(item["arguments"]) } });
    return this.#added({ item, output_index: place });
  }

  #text({ output_index: place, delta, logprobs }: WireObject, field: string): WireObject {
    this.#toldOf(place).hasText = true;
    const probabilities = itemsOf(logprobs);
    return this.#delta(
      { [field]: delta },
      probabilities.length === 0 ? {} : { logprobs: { content: probabilities } },
    );
  }

  #end(response: WireObject): WireObject {
    this.isDone = true;
    const finish_reason = finishOf(response, this.#calls > 0);
    return { ...this.#frame({ delta: {}, finish_reason }), ...aboutOf(response) };
  }

  #toldOf(place: unknown): Told {
    const told = this.#items.get(place) ?? { call: undefined, hasText: false };
    this.#items.set(place, told);
    return told;
  }

  #call(index: number, call: WireObject): WireObject {
    return this.#delta({ tool_calls: [{ index, ...call }] });
  }

  #delta(delta: WireObject, more: WireObject = {}): WireObject {
    return this.#frame({ delta, ...more, finish_reason: null });
  }

  #frame(choice: WireObject): WireObject {
    const object = "chat.completion.chunk";
    return { ...this.#about, object, choices: [{ index: 0, ...choice }] };
  }
}

const wordsOf = ({ content }: WireObject): string =>
  itemsOf(content)
    .map((part) => said(asWireObject(part)?.["text"]) ?? "")
    .join("");
