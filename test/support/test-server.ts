import { fileURLToPath } from "node:url";
import { createApp } from "../../src/app.ts";
import { type OpenContext, openContext } from "../../src/container.ts";
import type { Clock } from "../../src/core/clock.ts";
import type { Settings } from "../../src/config/settings.ts";
import { startServer } from "../../src/main.ts";
import { checkAnswer } from "./checked-answers.ts";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** The repository, and the folder of the graphs made for tests. */
export const REPOSITORY = pathOf("../..");
export const TEST_GRAPHS = pathOf("./graphs/langgraph.json");
/** The product's own list of graphs, which run on the demo model. */
export const OWN_GRAPHS = pathOf("../../langgraph.json");

/** Where the moving clock starts. */
export const START_MS = Date.UTC(2026, 0, 1);

export interface TestServerOptions {
  /** Path of a langgraph.json; the test graphs when not given. */
  langgraph?: string;
  settings?: Partial<Record<keyof Settings, unknown>>;
}

type Headers = Record<string, string>;

/** Requests to a server, in process or over a port. */
export interface Api {
  request(path: string, init?: RequestInit): Promise<Response>;
  get(path: string, headers?: Headers): Promise<Response>;
  post(path: string, body?: unknown, headers?: Headers): Promise<Response>;
  put(path: string, body?: unknown, headers?: Headers): Promise<Response>;
  patch(path: string, body?: unknown, headers?: Headers): Promise<Response>;
  del(path: string): Promise<Response>;
}

export interface TestServer extends Api, AsyncDisposable {
  ctx: OpenContext["ctx"];
  localSecret: string;
  /** Moves the clock, and lets the workers look for runs that are due. */
  advance(ms: number): void;
}

export interface ListeningServer extends TestServer {
  url: string;
}

export function apiOf(request: (path: string, init?: RequestInit) => Promise<Response>): Api {
  const send = (method: string) => (path: string, body?: unknown, headers?: Headers) =>
    request(path, {
      method,
      headers: { "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  return {
    request,
    get: (path, headers) => request(path, headers ? { headers } : {}),
    post: send("POST"),
    put: send("PUT"),
    patch: send("PATCH"),
    del: (path) => request(path, { method: "DELETE" }),
  };
}

class MovingClock implements Clock {
  #now = START_MS;
  now(): number {
    return this.#now;
  }
  advance(ms: number): void {
    this.#now += ms;
  }
}

/** What a server of a test is opened with. */
export function testOptions(
  { langgraph, settings }: TestServerOptions = {},
  clock: Clock = new MovingClock(),
) {
  return {
    root: pathOf("."),
    clock,
    settings: {
      host: "127.0.0.1",
      port: 0,
      config: langgraph ?? TEST_GRAPHS,
      data_dir: ":memory:",
      models_dir: pathOf("../../config/models"),
      prompts_dir: pathOf("../../prompts"),
      default_model: "demo",
      local_models: "off",
      assistants: "{}",
      test_routes: false,
      log_level: "silent",
      // What the renewal of a lease would notice late must be noticed at once.
      lease_seconds: 3600,
      ...settings,
    },
  };
}

function parts({ ctx, localSecret, close }: OpenContext, clock: MovingClock) {
  return {
    ctx,
    localSecret,
    advance: (ms: number) => {
      clock.advance(ms);
      ctx.workers.wake();
    },
    [Symbol.asyncDispose]: () => close(0),
  };
}

/** The whole app in this process, with a database in memory and a clock that only the test moves. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const clock = new MovingClock();
  const opened = await openContext(testOptions(options, clock));
  const app = createApp(opened.ctx);
  const { customApp, langgraph } = opened.ctx;
  const isOwn = customApp === undefined && langgraph.http.mountPrefix === "";
  return {
    ...apiOf(async (path, init = {}) => {
      const answer = await app.request(path, init);
      if (isOwn) await checkAnswer(path, init, answer);
      return answer;
    }),
    ...parts(opened, clock),
  };
}

/** The same on a port of its own. */
export async function startTestServer(options: TestServerOptions = {}): Promise<ListeningServer> {
  const clock = new MovingClock();
  const server = await startServer(testOptions(options, clock));
  return {
    ...apiOf((path, init) => fetch(`${server.url}${path}`, init)),
    ...parts(server, clock),
    url: server.url,
  };
}
