import { randomUUID } from "node:crypto";
import { z } from "zod";
import { Client } from "@langchain/langgraph-sdk/client";
import { AppError } from "../../core/errors.ts";
import { type Piece, piecesOf, textOf } from "./pieces.ts";

type Message = { type: string; content: unknown };
type Turn = { input: { messages: object[] } | null } | { command: { resume: unknown } };

export interface Said {
  role: "you" | "answer";
  text: string;
}

interface Place {
  url: string;
  apiKey: string | undefined;
}

const ModelList = z.object({ data: z.array(z.object({ id: z.string() })) });

const count = z.number();
const ThreadUsage = z.object({
  usage: z.object({
    calls: count,
    unpriced_calls: count,
    prompt_tokens: count,
    completion_tokens: count,
    cost_micros: z.record(z.string(), count),
  }),
});

/** A thread on a server: what is said to its graph, and what comes back. */
export class Conversation {
  readonly #client: Client;
  readonly #place: Place;
  #thread: string | undefined;
  #run: string | undefined;
  /** The same for every try of a turn, so that one that was taken in is not taken in twice. */
  #turn: string = randomUUID();
  graph: string;
  model: string | undefined;

  constructor(place: Place, start: { graph: string; model?: string; thread?: string }) {
    const { url, apiKey } = place;
    this.#place = place;
    this.graph = start.graph;
    this.model = start.model;
    this.#thread = start.thread;
    this.#client = new Client({
      apiUrl: url,
      apiKey: apiKey ?? null,
      callerOptions: { maxRetries: 2 },
      onRequest: (request, init) =>
        request.pathname.endsWith("/runs/stream")
          ? { ...init, headers: withKey(init.headers, this.#turn) }
          : init,
    });
  }

  get thread(): string | undefined {
    return this.#thread;
  }

  /** Goes on in a new thread. */
  begin(): void {
    this.#thread = undefined;
  }

  /** Starts a new turn: the next `say` or `answer` is not a second try of the last. */
  next(): void {
    this.#turn = randomUUID();
  }

  say(text: string, signal: AbortSignal): AsyncGenerator<Piece> {
    return this.#stream({ input: { messages: [{ role: "user", content: text }] } }, signal);
  }

  answer(resume: unknown, signal: AbortSignal): AsyncGenerator<Piece> {
    return this.#stream({ command: { resume } }, signal);
  }

  /** Goes on from where a failed run left the thread; what was said stays said once. */
  resume(signal: AbortSignal): AsyncGenerator<Piece> {
    return this.#stream({ input: null }, signal);
  }

  /** Ends the run that is under way, if one is, and waits for its end. */
  async stop(): Promise<void> {
    const [thread, run] = [this.#thread, this.#run];
    if (thread === undefined || run === undefined) return;
    this.#run = undefined;
    await this.#client.runs.cancel(thread, run, true);
  }

  /** What was said so far in the thread, where its state has messages. */
  async history(): Promise<Said[]> {
    if (this.#thread === undefined) return [];
    const { values } = await this.#client.threads.getState<{ messages?: Message[] }>(this.#thread);
    return (values.messages ?? []).flatMap(({ type, content }): Said[] => {
      const text = textOf(content);
      if (text === "" || (type !== "human" && type !== "ai")) return [];
      return [{ role: type === "human" ? "you" : "answer", text }];
    });
  }

  /** Tokens and price of the conversation so far, in words. */
  async cost(): Promise<string> {
    if (this.#thread === undefined) return "Nothing was said yet.";
    const { usage } = ThreadUsage.parse(await this.#client.threads.get(this.#thread));
    const prices = Object.entries(usage.cost_micros).map(
      ([currency, micros]) => `${(micros / 1e6).toFixed(6)} ${currency}`,
    );
    const unpriced = usage.unpriced_calls === 0 ? "" : `, ${usage.unpriced_calls} without a price`;
    const tokens = `${usage.prompt_tokens} tokens in, ${usage.completion_tokens} out`;
    const calls = usage.calls === 1 ? "1 call" : `${usage.calls} calls`;
    return [`${calls}${unpriced}: ${tokens}`, ...prices].join(", ");
  }

  async graphs(): Promise<string[]> {
    const assistants = await this.#client.assistants.search({ limit: 100 });
    return assistants.map(({ name, graph_id }) => (name === "" ? graph_id : name));
  }

  /** The models the server offers; a graph listed there too is left out. */
  async models(): Promise<string[]> {
    const { url, apiKey } = this.#place;
    const response = await fetch(`${url}/v1/models`, {
      headers: apiKey === undefined ? {} : { "x-api-key": apiKey },
    });
    if (!response.ok)
      throw new AppError("upstream", `The server lists no models (${response.status})`);
    const { data } = ModelList.parse(await response.json());
    return data.map(({ id }) => id).filter((id) => !id.startsWith("graph:"));
  }

  async *#stream(turn: Turn, signal: AbortSignal): AsyncGenerator<Piece> {
    this.#thread ??= (await this.#client.threads.create({ signal })).thread_id;
    const parts: AsyncIterable<{ event: string; data: unknown }> = this.#client.runs.stream(
      this.#thread,
      this.graph,
      {
        ...turn,
        ...(this.model === undefined ? {} : { context: { model: this.model } }),
        streamMode: ["messages-tuple", "updates", "custom"],
        streamSubgraphs: true,
        streamResumable: true,
        onDisconnect: "continue",
        signal,
        onRunCreated: ({ run_id }) => {
          this.#run = run_id;
        },
      },
    );
    for await (const part of parts) yield* piecesOf(part);
    this.#run = undefined;
  }
}

function withKey(given: RequestInit["headers"], key: string): Headers {
  const headers = new Headers(given);
  headers.set("idempotency-key", key);
  return headers;
}
