import { Agent, request, type IncomingMessage } from "node:http";

/** A whole answer, stream included, must be there by then; heartbeats keep a stuck one open for ever. */
const ANSWER_LIMIT_MS = 30_000;
/** Well under the five seconds after which a server drops an idle connection, perhaps just as it is used. */
const IDLE_LIMIT_MS = 2000;

/** A keep-alive client of one server: the client's own cost must stay small beside the server's. */
export class Client {
  readonly #base: URL;
  readonly #agent = new Agent({ keepAlive: true, timeout: IDLE_LIMIT_MS });

  readonly #headers: Record<string, string>;

  /** `headers` go with every request. */
  constructor(base: string, headers: Record<string, string> = {}) {
    this.#base = new URL(base);
    this.#headers = headers;
  }

  /** Sends JSON and answers the parsed JSON, undefined for an empty answer. */
  async json(method: "GET" | "POST", path: string, body?: object): Promise<unknown> {
    const text = await textOf(await this.#open(method, path, body));
    return text === "" ? undefined : JSON.parse(text);
  }

  /** Reads server-sent events to the end; posts when there is a body. */
  async stream(
    path: string,
    body: object | undefined,
    onEvent: (name: string, data: string) => void,
  ): Promise<void> {
    const response = await this.#open(body ? "POST" : "GET", path, body);
    response.setEncoding("utf8");
    let rest = "";
    for await (const part of response) {
      const blocks = `${rest}${part}`.split(/\r?\n\r?\n/);
      rest = blocks.pop() ?? "";
      for (const block of blocks) readEvent(block, onEvent);
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(method: string, path: string, body?: object): Promise<IncomingMessage> {
    const text = body === undefined ? "" : JSON.stringify(body);
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      const headers = {
        ...this.#headers,
        "content-type": "application/json",
        "content-length": Buffer.byteLength(text),
      };
      const { hostname, port } = this.#base;
      let answer: IncomingMessage | undefined;
      const call = request({ agent: this.#agent, method, hostname, port, path, headers }, (got) => {
        answer = got;
        resolve(got);
      });
      const late = setTimeout(() => {
        const error = new Error(`${method} ${path}: no whole answer in ${ANSWER_LIMIT_MS} ms`);
        (answer ?? call).destroy(error);
      }, ANSWER_LIMIT_MS);
      call.on("close", () => clearTimeout(late));
      call.on("error", reject);
      call.end(text);
    });
    const status = response.statusCode ?? 0;
    if (status >= 400) throw new Error(`${method} ${path}: ${status} ${await textOf(response)}`);
    return response;
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  for await (const part of response) text += String(part);
  return text;
}

function readEvent(block: string, onEvent: (name: string, data: string) => void): void {
  let name = "message";
  let data = "";
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) name = line.slice(6).trim();
    else if (line.startsWith("data:")) data += line.slice(5).trim();
  }
  if (data !== "") onEvent(name, data);
}
