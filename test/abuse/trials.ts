/** The type of a reply that says what went wrong. */
export const AN_ERROR = "error";

/** What belongs to somebody, by kind. */
export interface Belongings {
  thread: string;
  run: string;
  stateless: string;
  assistant: string;
  cron: string;
  checkpoint: string;
  delivery: string;
  file: string;
  task: string;
  response: string;
}

export interface Trial {
  path: (owned: Belongings) => string;
  body?: (owned: Belongings) => object;
  /** What the answer must be; 404 when not given. */
  expects?: number | { json: unknown } | { text: string };
}

/** How each route is tried with what is somebody else's, or why there is nothing of anybody's in it. */
export type Declared = Trial | Trial[] | { free: string };

const input = { messages: [{ role: "user", content: "hi" }] };
const at =
  (path: string) =>
  ({
    thread,
    run,
    assistant,
    cron,
    checkpoint,
    delivery,
    file,
    task,
    response,
  }: Belongings): string =>
    path
      .replace(":thread_id", thread)
      .replace(":run_id", run)
      .replace(":assistant_id", assistant)
      .replace(":cron_id", cron)
      .replace(":checkpoint_id", checkpoint)
      .replace(":delivery_id", delivery)
      .replace(":file_id", file)
      .replace(":task_id", task)
      .replace(":response_id", response);

/** The ids in the path of a route are somebody else's. */
const byPath = (path: string, body?: Trial["body"]): Trial => ({
  path: at(path),
  ...(body ? { body } : {}),
});
const stateless = (suffix: string): Trial => ({
  path: (owned) => `/runs/${owned.stateless}${suffix}`,
});
const foreignAssistant = (path: string): Trial => ({
  path: () => path,
  body: ({ assistant }) => ({ assistant_id: assistant, input }),
});
const none = (path: string, body: (owned: Belongings) => object, json: unknown): Trial => ({
  path: () => path,
  body,
  expects: { json },
});
const onThread = (path: string): Trial[] => [
  byPath(path, () => ({ assistant_id: "echo", input })),
  byPath(path, () => ({ assistant_id: "echo", input, if_not_exists: "create" })),
];
const command = (method: string, params: (owned: Belongings) => object): Trial => ({
  path: ({ thread }) => `/threads/${thread}/commands`,
  body: (owned) => ({ id: 1, method, params: params(owned) }),
  expects: { json: AN_ERROR },
});

export const TRIALS: Readonly<Record<string, Declared>> = {
  "GET /ok": { free: "says only that the server is there" },
  "GET /info": { free: "says what the server honours" },
  "GET /docs": { free: "describes the routes" },
  "GET /openapi.json": { free: "describes the routes" },
  "GET /metrics": { path: () => "/metrics", expects: 403 },
  "POST /internal/truncate": { path: () => "/internal/truncate", body: () => ({}), expects: 403 },
  "POST /v1/responses": {
    path: () => "/v1/responses",
    body: ({ response }) => ({ model: "graph:echo", input: "x", previous_response_id: response }),
  },
  "GET /v1/responses/:response_id": byPath("/v1/responses/:response_id"),
  "DELETE /v1/responses/:response_id": byPath("/v1/responses/:response_id"),
  "POST /v1/responses/:response_id/cancel": byPath("/v1/responses/:response_id/cancel"),
  "GET /v1/responses/:response_id/input_items": byPath("/v1/responses/:response_id/input_items"),
  "POST /v1/embeddings": { free: "keeps nothing" },
  "POST /v1/rerank": { free: "keeps nothing" },
  "POST /v1/images/generations": { free: "names nothing that exists" },
  "GET /v1/models": { free: "names models and graphs; assistants as in their search" },
  "GET /v1/models/:model": { path: ({ assistant }) => `/v1/models/${assistant}` },
  "POST /v1/chat/completions": [
    {
      path: () => "/v1/chat/completions",
      body: ({ assistant }) => ({ model: assistant, messages: input.messages }),
    },
    {
      path: () => "/v1/chat/completions",
      body: ({ thread }) => ({
        model: "graph:echo",
        messages: input.messages,
        metadata: { thread_id: thread },
      }),
    },
  ],
  "POST /tasks": { free: "names nothing that exists" },
  "GET /tasks": { path: () => "/tasks", expects: { json: [] } },
  "GET /tasks/:task_id": byPath("/tasks/:task_id"),
  "POST /tasks/:task_id/cancel": byPath("/tasks/:task_id/cancel"),
  "DELETE /tasks/:task_id": byPath("/tasks/:task_id"),
  "GET /budgets": { path: () => "/budgets", expects: 403 },
  "POST /budgets": {
    path: () => "/budgets",
    body: () => ({ scope: "server", currency: "USD", amount: 1 }),
    expects: 403,
  },
  "GET /budgets/:budget_id": {
    path: ({ thread }) => `/budgets/${thread}`,
    expects: 403,
  },
  "DELETE /budgets/:budget_id": {
    path: ({ thread }) => `/budgets/${thread}`,
    expects: 403,
  },
  ...Object.fromEntries(
    ["", "/v1"].flatMap((base): [string, Declared][] => [
      [
        `GET ${base}/dashboard/billing/subscription`,
        { free: "tells the caller's own budget; tried in test/api/usage.test.ts" },
      ],
      [
        `GET ${base}/dashboard/billing/usage`,
        {
          path: () => `${base}/dashboard/billing/usage`,
          expects: { json: { object: "list", total_usage: 0 } },
        },
      ],
    ]),
  ),
  "GET /usage/budgets": { path: () => "/usage/budgets", expects: { json: [] } },
  "GET /usage/export": {
    path: ({ thread }) => `/usage/export?format=jsonl&thread=${thread}&owner=ann`,
    expects: { text: "" },
  },
  "GET /knowledge": { path: () => "/knowledge", expects: { json: { collections: [] } } },
  "PUT /knowledge/:collection/documents": {
    free: "each owner has collections of its own; tried in test/api/knowledge.test.ts",
  },
  "GET /knowledge/:collection/documents": {
    path: () => "/knowledge/notes/documents",
    expects: { json: { documents: [] } },
  },
  "POST /knowledge/:collection/search": none(
    "/knowledge/notes/search",
    () => ({ query: "my secret" }),
    { passages: [] },
  ),
  "DELETE /knowledge/:collection": { path: () => "/knowledge/notes" },
  "DELETE /knowledge/:collection/documents/:document_id": {
    path: () => `/knowledge/notes/documents/${"0".repeat(32)}`,
  },
  "GET /feedback": [
    { path: () => "/feedback", expects: { json: [] } },
    { path: ({ run }) => `/feedback?run_id=${run}`, expects: { json: [] } },
  ],
  "POST /feedback/tokens/:token": { free: "the token, which cannot be guessed, says who may" },
  "GET /feedback/tokens/:token": { free: "the token, which cannot be guessed, says who may" },
  "POST /ui/:name": {
    path: ({ assistant }) => `/ui/${assistant}`,
    body: () => ({ name: "x" }),
  },
  "GET /ui/:name/:file": { free: "scripts of pages, which send no key" },
  "GET /files": { path: () => "/files", expects: { json: [] } },
  "GET /files/:file_id": byPath("/files/:file_id"),
  "DELETE /files/:file_id": byPath("/files/:file_id"),
  "POST /assistants": {
    path: () => "/assistants",
    body: ({ assistant }) => ({
      assistant_id: assistant,
      graph_id: "echo",
      if_exists: "do_nothing",
    }),
    expects: 409,
  },
  "POST /assistants/search": none("/assistants/search", () => ({ metadata: { owner: "ann" } }), []),
  "POST /assistants/count": none("/assistants/count", () => ({ metadata: { owner: "ann" } }), 0),
  "GET /assistants/:assistant_id": byPath("/assistants/:assistant_id"),
  "PATCH /assistants/:assistant_id": byPath("/assistants/:assistant_id", () => ({ name: "x" })),
  "DELETE /assistants/:assistant_id": [
    byPath("/assistants/:assistant_id"),
    byPath("/assistants/:assistant_id?delete_threads=true"),
  ],
  "POST /assistants/:assistant_id/versions": byPath(
    "/assistants/:assistant_id/versions",
    () => ({}),
  ),
  "POST /assistants/:assistant_id/latest": byPath("/assistants/:assistant_id/latest", () => ({
    version: 1,
  })),
  "GET /assistants/:assistant_id/schemas": byPath("/assistants/:assistant_id/schemas"),
  "GET /assistants/:assistant_id/graph": byPath("/assistants/:assistant_id/graph"),
  "GET /assistants/:assistant_id/subgraphs": byPath("/assistants/:assistant_id/subgraphs"),
  "GET /assistants/:assistant_id/subgraphs/:namespace": byPath(
    "/assistants/:assistant_id/subgraphs/x",
  ),
  "POST /agents/search": none("/agents/search", () => ({ metadata: { owner: "ann" } }), []),
  "GET /agents/:agent_id": { path: ({ assistant }) => `/agents/${assistant}` },
  "GET /agents/:agent_id/schemas": { path: ({ assistant }) => `/agents/${assistant}/schemas` },
  "POST /threads": {
    path: () => "/threads",
    body: ({ thread }) => ({ thread_id: thread, if_exists: "do_nothing" }),
    expects: 409,
  },
  "POST /threads/search": none("/threads/search", ({ thread }) => ({ ids: [thread] }), []),
  "POST /threads/count": none("/threads/count", () => ({ metadata: { owner: "ann" } }), 0),
  "GET /threads/:thread_id": byPath("/threads/:thread_id"),
  "PATCH /threads/:thread_id": byPath("/threads/:thread_id", () => ({
    metadata: { owner: "bob", x: 1 },
  })),
  "DELETE /threads/:thread_id": byPath("/threads/:thread_id"),
  "POST /threads/:thread_id/copy": byPath("/threads/:thread_id/copy", () => ({})),
  "GET /threads/:thread_id/stream": byPath("/threads/:thread_id/stream"),
  "GET /threads/:thread_id/state": byPath("/threads/:thread_id/state"),
  "GET /threads/:thread_id/state/:checkpoint_id": byPath(
    "/threads/:thread_id/state/:checkpoint_id",
  ),
  "POST /threads/:thread_id/state/checkpoint": byPath(
    "/threads/:thread_id/state/checkpoint",
    ({ checkpoint }) => ({ checkpoint: { checkpoint_id: checkpoint } }),
  ),
  "POST /threads/:thread_id/state": byPath("/threads/:thread_id/state", () => ({ values: {} })),
  "PATCH /threads/:thread_id/state": byPath("/threads/:thread_id/state", () => ({
    metadata: { x: 1 },
  })),
  "GET /threads/:thread_id/history": byPath("/threads/:thread_id/history"),
  "POST /threads/:thread_id/history": byPath("/threads/:thread_id/history", () => ({})),
  "POST /threads/:thread_id/runs": onThread("/threads/:thread_id/runs"),
  "POST /threads/:thread_id/runs/stream": onThread("/threads/:thread_id/runs/stream"),
  "POST /threads/:thread_id/runs/wait": onThread("/threads/:thread_id/runs/wait"),
  "POST /runs": foreignAssistant("/runs"),
  "POST /runs/stream": foreignAssistant("/runs/stream"),
  "POST /runs/wait": foreignAssistant("/runs/wait"),
  "POST /runs/batch": {
    path: () => "/runs/batch",
    body: ({ assistant }) => [{ assistant_id: assistant, input }],
  },
  "POST /runs/cancel": [
    { path: () => "/runs/cancel", body: ({ run }) => ({ run_ids: [run] }) },
    { path: () => "/runs/cancel", body: ({ thread }) => ({ status: "all", thread_id: thread }) },
  ],
  "GET /threads/:thread_id/runs": byPath("/threads/:thread_id/runs"),
  "GET /threads/:thread_id/runs/:run_id": byPath("/threads/:thread_id/runs/:run_id"),
  "DELETE /threads/:thread_id/runs/:run_id": byPath("/threads/:thread_id/runs/:run_id"),
  "GET /threads/:thread_id/runs/:run_id/join": byPath("/threads/:thread_id/runs/:run_id/join"),
  "GET /threads/:thread_id/runs/:run_id/stream": byPath("/threads/:thread_id/runs/:run_id/stream"),
  "POST /threads/:thread_id/runs/:run_id/cancel": byPath("/threads/:thread_id/runs/:run_id/cancel"),
  "GET /runs/:run_id": stateless(""),
  "DELETE /runs/:run_id": stateless(""),
  "GET /runs/:run_id/join": stateless("/join"),
  "GET /runs/:run_id/stream": stateless("/stream"),
  "POST /runs/:run_id/cancel": stateless("/cancel"),
  "POST /threads/:thread_id/commands": [
    command("run.start", () => ({ assistant_id: "echo", input })),
    command("input.respond", () => ({ response: "yes", interrupt_id: "x", namespace: [] })),
    command("input.inject", () => ({ message: { role: "user", content: "x" }, namespace: [] })),
    command("state.get", () => ({ namespace: [] })),
    command("state.listCheckpoints", () => ({ namespace: [] })),
    command("state.fork", ({ checkpoint }) => ({ checkpoint_id: checkpoint, namespace: [] })),
    command("agent.getTree", () => ({})),
  ],
  "POST /threads/:thread_id/stream/events": {
    free: "waits for a thread that may still be made; tried by itself below",
  },
  "GET /threads/:thread_id/stream/events": {
    free: "a WebSocket, whose commands and events are those of the two routes above",
  },
  "POST /runs/crons": {
    path: () => "/runs/crons",
    body: ({ assistant }) => ({ assistant_id: assistant, schedule: "* * * * *" }),
  },
  "POST /threads/:thread_id/runs/crons": byPath("/threads/:thread_id/runs/crons", () => ({
    assistant_id: "echo",
    schedule: "* * * * *",
  })),
  "POST /runs/crons/search": none(
    "/runs/crons/search",
    ({ thread }) => ({ thread_id: thread }),
    [],
  ),
  "POST /runs/crons/count": none("/runs/crons/count", ({ thread }) => ({ thread_id: thread }), 0),
  "GET /runs/crons/:cron_id": byPath("/runs/crons/:cron_id"),
  "PATCH /runs/crons/:cron_id": byPath("/runs/crons/:cron_id", () => ({ enabled: false })),
  "DELETE /runs/crons/:cron_id": byPath("/runs/crons/:cron_id"),
  "POST /threads/prune": none("/threads/prune", ({ thread }) => ({ thread_ids: [thread] }), {
    pruned_count: 0,
  }),
  "GET /threads/:thread_id/storage": byPath("/threads/:thread_id/storage"),
  "GET /webhooks/deliveries": { path: () => "/webhooks/deliveries", expects: { json: [] } },
  "GET /webhooks/deliveries/:delivery_id": byPath("/webhooks/deliveries/:delivery_id"),
  "POST /webhooks/deliveries/:delivery_id/replay": byPath(
    "/webhooks/deliveries/:delivery_id/replay",
  ),
  "PUT /store/items": {
    path: () => "/store/items",
    body: () => ({ namespace: ["notes"], key: "a", value: { by: "bob" } }),
    expects: 204,
  },
  "GET /store/items": { free: "tried by itself below: each owner has a store of their own" },
  "DELETE /store/items": {
    path: () => "/store/items",
    body: () => ({ namespace: ["notes"], key: "a" }),
    expects: 204,
  },
  "POST /store/items/search": none("/store/items/search", () => ({ namespace_prefix: [] }), {
    items: [],
  }),
  "POST /store/namespaces": none("/store/namespaces", () => ({}), { namespaces: [] }),
  "GET /usage": {
    path: ({ thread }) => `/usage?group_by=thread&thread=${thread}&owner=ann`,
    expects: { json: { group_by: "thread", rows: [], totals: [] } },
  },
  "GET /keys": { path: () => "/keys", expects: 403 },
  "POST /keys": { path: () => "/keys", body: () => ({ name: "x" }), expects: 403 },
  "POST /keys/:name/revoke": { path: () => "/keys/ann/revoke", expects: 403 },
  "POST /keys/:name/rotate": { path: () => "/keys/ann/rotate", expects: 403 },
  "DELETE /keys/:name": { path: () => "/keys/ann", expects: 403 },
};
