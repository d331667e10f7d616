import type { JsonObject } from "../../../core/json.ts";
import type { Ending } from "../chat/completion.ts";
import { type Approval, approvalId } from "./approvals.ts";
import type { SpokenCall, Spoken } from "./speech.ts";

interface Kind {
  name: "msg" | "rs" | "fc";
  place: JsonObject;
  /** Events of the part that holds the text, where there is one. */
  part?: string;
  /** Events of the text. */
  text: string;
  /** The name of the text in the event of its end. */
  field: string;
  partOf: (text: string) => JsonObject;
  item: (parts: JsonObject[], text: string) => JsonObject;
}

const message = (content: JsonObject[]): JsonObject => ({
  type: "message",
  role: "assistant",
  content,
});

const KINDS = {
  reasoning: {
    name: "rs",
    place: { summary_index: 0 },
    part: "response.reasoning_summary_part",
    text: "response.reasoning_summary_text",
    field: "text",
    partOf: (text) => ({ type: "summary_text", text }),
    item: (summary) => ({ type: "reasoning", summary }),
  },
  content: {
    name: "msg",
    place: { content_index: 0 },
    part: "response.content_part",
    text: "response.output_text",
    field: "text",
    partOf: (text) => ({ type: "output_text", text, annotations: [], logprobs: [] }),
    item: message,
  },
  refusal: {
    name: "msg",
    place: { content_index: 0 },
    part: "response.content_part",
    text: "response.refusal",
    field: "refusal",
    partOf: (refusal) => ({ type: "refusal", refusal }),
    item: message,
  },
  call: {
    name: "fc",
    place: {},
    text: "response.function_call_arguments",
    field: "arguments",
    partOf: () => ({}),
    item: (_parts, text) => ({ type: "function_call", arguments: text }),
  },
} satisfies Record<string, Kind>;

interface Failure {
  code: string;
  message: string;
  type: string;
  param: string | null;
}

interface Open {
  kind: Kind;
  id: string;
  text: string;
  call: SpokenCall | undefined;
}

const STATUS_OF_FINISH: Readonly<Record<string, string>> = {
  length: "max_output_tokens",
  content_filter: "content_filter",
};

/** The events of a response in the order that strict clients demand, and the response they make up. */
export class ResponseEvents {
  readonly #begun: JsonObject;
  readonly #key: string;
  readonly #output: JsonObject[] = [];
  #seq = 0;
  #approvals = 0;
  #open: Open | undefined;

  /** `begun` is the response as it begins; `key` tells its items from those of others. */
  constructor(begun: JsonObject, key: string) {
    this.#begun = begun;
    this.#key = key;
  }

  start(): JsonObject[] {
    const response = { ...this.#begun, status: "in_progress" };
    return [
      this.#event("response.created", { response }),
      this.#event("response.in_progress", { response }),
    ];
  }

  take(spoken: Spoken): JsonObject[] {
    const { reasoning = "", content = "", refusal = "", calls = [], approvals = [] } = spoken;
    return [
      ...this.#add(KINDS.reasoning, reasoning),
      ...this.#add(KINDS.content, content),
      ...this.#add(KINDS.refusal, refusal),
      ...calls.flatMap((call) => this.#add(KINDS.call, call.arguments, call)),
      ...approvals.flatMap((approval) => this.#approval(approval)),
    ];
  }

  /** The response as it ended, and the events of that. */
  end({ finish_reason, usage, more }: Ending): { response: JsonObject; events: JsonObject[] } {
    const events = this.#close();
    const reason = STATUS_OF_FINISH[finish_reason];
    const isCancelled = finish_reason === "cancelled";
    const response = {
      ...this.#begun,
      ...more,
      status: isCancelled ? "cancelled" : reason === undefined ? "completed" : "incomplete",
      incomplete_details: reason === undefined ? null : { reason },
      output: this.#output,
      usage: {
        input_tokens: usage.prompt_tokens,
        input_tokens_details: { cached_tokens: usage.prompt_tokens_details.cached_tokens },
        output_tokens: usage.completion_tokens,
        output_tokens_details: usage.completion_tokens_details,
        total_tokens: usage.total_tokens,
      },
    };
    const isWhole = response.status === "completed";
    const name = isWhole ? "response.completed" : "response.incomplete";
    return { response, events: [...events, this.#event(name, { response })] };
  }

  /** The response of a client that went away from it. */
  left(): JsonObject {
    this.#close("incomplete");
    return { ...this.#begun, status: "cancelled", output: this.#output };
  }

  /** Ends with an event that clients throw, which some of them do for no other. */
  fail(error: Failure): { response: JsonObject; events: JsonObject[] } {
    const events = this.#close("incomplete");
    const { code, message: text } = error;
    const failed = { code, message: text };
    const response = { ...this.#begun, status: "failed", error: failed, output: this.#output };
    const last = [
      this.#event("response.failed", { response }),
      this.#event("error", { code, message: text, param: error.param, error: { ...error } }),
    ];
    return { response, events: [...events, ...last] };
  }

  /** A request for leave comes whole. */
  #approval(approval: Approval): JsonObject[] {
    const before = this.#close();
    const id = approvalId(this.#key, this.#approvals++);
    const item = { id, type: "mcp_approval_request", server_label: "kagari", ...approval };
    const output_index = this.#output.push(item) - 1;
    return [
      ...before,
      this.#event("response.output_item.added", { output_index, item }),
      this.#event("response.output_item.done", { output_index, item }),
    ];
  }

  #add(kind: Kind, delta: string, call?: SpokenCall): JsonObject[] {
    if (delta === "" && call === undefined) return [];
    const isSame = this.#open?.kind === kind && this.#open.call?.index === call?.index;
    const begin = isSame ? [] : [...this.#close(), ...this.#begin(kind, call)];
    if (this.#open) this.#open.text += delta;
    if (delta === "") return begin;
    const logprobs = kind === KINDS.content ? { logprobs: [] } : {};
    return [...begin, this.#event(`${kind.text}.delta`, { ...this.#place(), delta, ...logprobs })];
  }

  #begin(kind: Kind, call: SpokenCall | undefined): JsonObject[] {
    const id = `${kind.name}_${this.#key}_${this.#output.length}`;
    this.#open = { kind, id, text: "", call };
    const output_index = this.#output.length;
    const item = this.#item("in_progress");
    const added = this.#event("response.output_item.added", { output_index, item });
    if (kind.part === undefined) return [added];
    const part = kind.partOf("");
    return [added, this.#event(`${kind.part}.added`, { ...this.#place(), part })];
  }

  #close(status = "completed"): JsonObject[] {
    if (this.#open === undefined) return [];
    const { kind, text } = this.#open;
    const place = this.#place();
    const logprobs = kind === KINDS.content ? { logprobs: [] } : {};
    const name = this.#open.call?.name;
    const done = {
      ...place,
      [kind.field]: text,
      ...logprobs,
      ...(name === undefined ? {} : { name }),
    };
    const events = [this.#event(`${kind.text}.done`, done)];
    if (kind.part !== undefined)
      events.push(this.#event(`${kind.part}.done`, { ...place, part: kind.partOf(text) }));
    const item = this.#item(status);
    const output_index = this.#output.push(item) - 1;
    this.#open = undefined;
    return [...events, this.#event("response.output_item.done", { output_index, item })];
  }

  #item(status: string): JsonObject {
    if (this.#open === undefined) return {};
    const { kind, id, text, call } = this.#open;
    // A part is there once it was added.
    const parts = status === "in_progress" ? [] : [kind.partOf(text)];
    const about = call ? { call_id: call.id, name: call.name } : {};
    return { id, ...kind.item(parts, text), ...about, status };
  }

  #place(): JsonObject {
    if (this.#open === undefined) return {};
    const { kind, id } = this.#open;
    return { item_id: id, output_index: this.#output.length, ...kind.place };
  }

  #event(type: string, rest: JsonObject): JsonObject {
    return { type, sequence_number: this.#seq++, ...rest };
  }
}
