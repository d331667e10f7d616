import { asWireObject, type WireObject } from "../wire.ts";

export interface ProbedToolCall {
  readonly name: string;
  readonly args: string;
}

/** What a server answered, whole or streamed, as a probe looks at it. */
export interface Reply {
  readonly status: number;
  readonly content: string;
  readonly reasoning: string;
  readonly toolCalls: readonly ProbedToolCall[];
  readonly finish: string | undefined;
  readonly usage: WireObject | undefined;
  /** Pieces of text that came one after another; 0 for an answer that was not streamed. */
  readonly pieces: number;
  /** Why there is no answer: the server's own words, or what is wrong with them. */
  readonly problem: string | undefined;
  readonly code: string | undefined;
  /** The whole answer where it was not streamed. */
  readonly body: unknown;
}

interface Choice {
  content: string;
  reasoning: string;
  toolCalls: Map<number, { name: string; args: string }>;
  finish: string | undefined;
  pieces: number;
}

/** Reads an answer to its end. */
export async function readReply(response: Response): Promise<Reply> {
  const text = await response.text();
  if (/event-stream/i.test(response.headers.get("content-type") ?? ""))
    return streamedReply(response.status, text);
  const answer = parse(text);
  const body = asWireObject(answer);
  const choices = Array.isArray(body?.["choices"]) ? body["choices"] : [];
  const choice = collected([asWireObject(choices[0])], "message");
  const said = problemOf(response.status, body);
  const isOther = answer === undefined ? `answered ${kindOf(text)} in place of JSON` : undefined;
  return {
    ...asReply(choice),
    status: response.status,
    usage: asWireObject(body?.["usage"]),
    pieces: 0,
    problem: said ?? isOther,
    code: codeOf(body),
    body: answer,
  };
}

function streamedReply(status: number, text: string): Reply {
  const chunks = text
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => asWireObject(parse(line.slice("data:".length))))
    .filter((chunk) => chunk !== undefined);
  const choices = chunks.map((chunk) =>
    asWireObject(Array.isArray(chunk["choices"]) ? chunk["choices"][0] : undefined),
  );
  const failed = chunks.find((chunk) => chunk["error"] !== undefined);
  const withUsage = chunks.findLast((chunk) => asWireObject(chunk["usage"]) !== undefined);
  return {
    ...asReply(collected(choices, "delta")),
    status,
    usage: asWireObject(withUsage?.["usage"]),
    problem: failed === undefined ? undefined : problemOf(500, failed),
    code: codeOf(failed),
    body: undefined,
  };
}

const asReply = ({ toolCalls, ...choice }: Choice) => ({
  ...choice,
  toolCalls: [...toolCalls.values()],
});

function collected(choices: readonly (WireObject | undefined)[], part: string): Choice {
  const whole: Choice = {
    content: "",
    reasoning: "",
    toolCalls: new Map(),
    finish: undefined,
    pieces: 0,
  };
  for (const choice of choices) {
    const message = asWireObject(choice?.[part]);
    whole.finish = text(choice?.["finish_reason"]) ?? whole.finish;
    if (message === undefined) continue;
    const content = text(message["content"]) ?? "";
    const reasoning = text(message["reasoning_content"]) ?? text(message["reasoning"]) ?? "";
    whole.content += content;
    whole.reasoning += reasoning;
    if (content !== "" || reasoning !== "") whole.pieces++;
    addToolCalls(whole.toolCalls, message["tool_calls"]);
  }
  return whole;
}

function addToolCalls(calls: Choice["toolCalls"], list: unknown): void {
  if (!Array.isArray(list)) return;
  for (const [position, item] of list.entries()) {
    const call = asWireObject(item);
    const asked = asWireObject(call?.["function"]);
    const index = call?.["index"];
    const key = typeof index === "number" ? index : position;
    const known = calls.get(key) ?? { name: "", args: "" };
    const args = asked?.["arguments"];
    known.name = text(asked?.["name"]) || known.name;
    known.args += typeof args === "string" ? args : args == null ? "" : JSON.stringify(args);
    calls.set(key, known);
  }
}

function problemOf(status: number, body: WireObject | undefined): string | undefined {
  const error = asWireObject(body?.["error"]);
  const said = text(error?.["message"]) ?? text(body?.["error"]) ?? text(body?.["message"]);
  if (status >= 200 && status < 300)
    return body?.["error"] == null ? undefined : `answered ${status} with an error: ${said ?? ""}`;
  return `answered ${status}${said === undefined ? "" : `: ${said.slice(0, 300)}`}`;
}

function codeOf(body: WireObject | undefined): string | undefined {
  const code = asWireObject(body?.["error"])?.["code"] ?? body?.["code"];
  return typeof code === "number" ? String(code) : text(code);
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

const kindOf = (body: string): string => (/<html|<!doctype/i.test(body) ? "an HTML page" : "text");

const text = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined;
