import { reasonOf } from "../../core/errors.ts";
import type { Body } from "../dialects/index.ts";
import type { Model } from "../model.ts";
import { authorize, wireOf } from "../network/endpoint.ts";
import type { ProviderRequest } from "../provider/ask.ts";
import { requestBody, wishOf, type CallOverrides } from "../request-body.ts";
import { baseUrlOf, transportOf, type Transport } from "../transport.ts";
import type { ShownRequest } from "./finding.ts";
import { readReply, type Reply } from "./reply.ts";

const TIMEOUT_MS = 120_000;
/** Room for the thinking of models that cannot be kept from it. */
const ANSWER_TOKENS = 2048;

/** One question of a probe. */
export interface Question {
  readonly probe: string;
  readonly prompt: string;
  readonly isStreamed?: boolean;
  readonly overrides?: CallOverrides;
  /** More fields of the body: tools, response_format. */
  readonly extra?: Body;
}

/** A model under examination: asks it as the model layer would, and keeps what was sent. */
export class Patient {
  /** The model without what its file says of its capabilities: that is what is to be found out. */
  readonly model: Model;
  readonly declared: Model["fields"];
  readonly requests: ShownRequest[] = [];
  readonly #send: Transport;

  constructor(model: Model) {
    this.model = model.withFields({ capabilities: undefined });
    this.declared = model.fields;
    this.#send = transportOf(model);
  }

  /** Asks through Chat Completions; streamed too where the provider takes nothing else. */
  async ask(question: Question): Promise<Reply> {
    const { model } = this;
    const overrides = { maxTokens: ANSWER_TOKENS, ...question.overrides };
    const isStreamed = question.isStreamed ?? this.#mustStream(overrides);
    const base = {
      model: model.modelName,
      stream: isStreamed,
      ...(isStreamed ? { stream_options: { include_usage: true } } : {}),
      ...question.extra,
    };
    const body = requestBody(model, { base, overrides, isStreamed });
    const messages = [{ role: "user", content: question.prompt }];
    return await this.post(question.probe, "/chat/completions", { ...body, messages });
  }

  /** Asks a path under the base URL. */
  async post(probe: string, path: string, body?: Body): Promise<Reply> {
    const url = `${baseUrlOf(this.model)}${path}`;
    return await this.send(probe, body === undefined ? { url } : { url, body });
  }

  /** Posts a body, or gets where there is none; what goes wrong on the way is a problem of the reply. */
  async send(probe: string, { url, body, headers }: ProviderRequest): Promise<Reply> {
    const method = body === undefined ? "GET" : "POST";
    this.#show({ probe, method, url, body, extra: headers ?? {} });
    try {
      const response = await this.#send(url, {
        method,
        headers: { accept: "application/json", "content-type": "application/json", ...headers },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return this.#masked(await readReply(response));
    } catch (error) {
      return { ...NO_REPLY, problem: this.model.mask(whyNot(error)) };
    }
  }

  #mustStream(overrides: CallOverrides): boolean {
    const { fields, dialect, modelName } = this.model;
    const wanted = fields.stream_upstream ?? "auto";
    if (wanted !== "auto") return wanted === "always";
    const wish = wishOf(this.model, overrides);
    return dialect.mustStream?.({ model: modelName, isStreamed: false, ...wish }) ?? false;
  }

  #masked(reply: Reply): Reply {
    const { problem } = reply;
    return problem === undefined ? reply : { ...reply, problem: this.model.mask(problem) };
  }

  #show({ body, url, extra, ...request }: SentRequest): void {
    const own = { "content-type": "application/json", "user-agent": "kagari" };
    const sent = new Headers({ ...own, ...extra });
    const known = new Set(sent.keys());
    authorize(sent, this.model);
    const headers = [...sent].map(([name, value]) => [name, known.has(name) ? value : "***"]);
    const wire = url.endsWith("/chat/completions") ? wireOf(this.model) : undefined;
    const sentBody = body && (wire?.request(body, this.model) ?? body);
    this.requests.push({
      ...request,
      url: this.#shownUrl(wire?.address(new URL(url)) ?? new URL(url)),
      headers: Object.fromEntries(headers),
      body: sentBody === undefined ? null : JSON.parse(this.model.mask(JSON.stringify(sentBody))),
    });
  }

  #shownUrl(shown: URL): string {
    for (const [name] of this.model.connection.query) shown.searchParams.set(name, "***");
    return this.model.mask(shown.href);
  }
}

interface SentRequest {
  readonly probe: string;
  readonly method: string;
  readonly url: string;
  readonly body: Body | undefined;
  readonly extra: Readonly<Record<string, string>>;
}

const NO_REPLY: Reply = {
  status: 0,
  content: "",
  reasoning: "",
  toolCalls: [],
  finish: undefined,
  usage: undefined,
  pieces: 0,
  problem: undefined,
  code: undefined,
  body: undefined,
};

function whyNot(error: unknown): string {
  if (error instanceof Error && error.name === "TimeoutError")
    return `no answer within ${TIMEOUT_MS / 1000} seconds`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return `cannot be reached: ${reasonOf(error)}${code}`;
}
