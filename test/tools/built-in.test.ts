import { connect } from "node:net";
import { Client } from "@langchain/langgraph-sdk";
import { Agent, getGlobalDispatcher, setGlobalDispatcher } from "undici";
import { describe, expect, it } from "vitest";
import { calling } from "../graphs/support.ts";
import { type Loose, okJson } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { web } from "../support/web.ts";
import { ASKED, resultsIn, tooled } from "./support.ts";

const fine = fake.text("fine");

/** The results of calls of built-in tools, one after the other, and what else a run left. */
async function called(
  it: Awaited<ReturnType<typeof tooled>>,
  calls: [name: string, args: object][],
  context: object = {},
): Promise<string[]> {
  it.answer(...calls.map((call) => calling(call)), fine);
  const { thread_id } = await it.client.threads.create();
  const names = [...new Set(calls.map(([name]) => name))];
  const values: Loose = await it.client.runs.wait(thread_id, "tooled", {
    input: ASKED,
    context: { tools: names, ...context },
  });
  return resultsIn(values).map(({ content }) => content);
}

describe("http_get", () => {
  const PAGE = `<html><head><title>T</title><style>p{}</style><script>bad()</script></head>
    <body><nav>menu</nav><h1>Heading</h1><p>Words &amp; <a href="https://a.example/">link</a></p></body></html>`;

  async function served() {
    const inner = await web((_, response) => void response.end("secret of the inner network"));
    const site = await web(({ path }, response) => {
      const send = (type: string, body: string | Buffer, status = 200) =>
        void response.writeHead(status, { "content-type": type }).end(body);
      const go = (location: string) => void response.writeHead(302, { location }).end();
      if (path === "/page") return send("text/html; charset=utf-8", PAGE);
      if (path === "/gbk")
        return send("text/html; charset=gbk", Buffer.from([0xc4, 0xe3, 0xba, 0xc3]));
      if (path === "/json") return send("application/json", '{"a":1}');
      if (path === "/picture") return send("image/png", Buffer.alloc(10));
      if (path === "/huge") return send("text/plain", Buffer.alloc(6 * 1024 * 1024, "x"));
      if (path === "/moved") return go("/json");
      if (path === "/inside") return go(`http://127.0.0.1:${inner.port}/`);
      if (path === "/file") return go("file:///etc/passwd");
      if (path === "/loop") return go("/loop");
      return send("text/plain", "not here", 404);
    });
    const it = await tooled([fine], { settings: { tool_allowed_hosts: site.host } });
    return {
      site,
      inner,
      get: async (...urls: string[]) =>
        await called(
          it,
          urls.map((url) => ["http_get", { url }]),
        ),
      async [Symbol.asyncDispose]() {
        await it[Symbol.asyncDispose]();
        await site[Symbol.asyncDispose]();
        await inner[Symbol.asyncDispose]();
      },
    };
  }

  it("reads text, pages as text, and says what is none", async () => {
    await using it = await served();
    const { url } = it.site;
    const [page, gbk, json, picture, missing, moved] = await it.get(
      `${url}/page`,
      `${url}/gbk`,
      `${url}/json`,
      `${url}/picture`,
      `${url}/no`,
      `${url}/moved`,
    );
    expect(page).toBe(`${url}/page\nStatus 200\n\nHeading\n\nWords & link [https://a.example/]`);
    expect(gbk).toContain("你好");
    expect(json).toContain('{"a":1}');
    expect(picture).toContain("[10 bytes of image/png, which is no text.]");
    expect(missing).toContain("Status 404\n\nnot here");
    expect(moved).toContain(`${url}/json\nStatus 200`);
  });

  it("reads nothing that is not public, also not by a redirect, and nothing endless", async () => {
    await using it = await served();
    const { url } = it.site;
    const { port } = it.inner;
    const refused = await it.get(
      `http://127.0.0.1:${port}/`,
      `http://localhost:${port}/`,
      `http://0x7f000001:${port}/`,
      `http://[::ffff:7f00:1]:${port}/`,
      "http://169.254.169.254/latest/meta-data",
      "file:///etc/passwd",
      "http://user:pass@example.com/",
      `${url}/inside`,
      `${url}/file`,
      `${url}/huge`,
      `${url}/loop`,
    );
    for (const result of refused) expect(result).toMatch(/^Error: .*(refused|leads on)/s);
    expect(refused).toHaveLength(11);
    expect(it.inner.requests).toEqual([]);
  });
});

describe("web_search", () => {
  const found = { title: "灯", url: "https://a.example/", content: "about", description: "about" };
  const answers = {
    results: [found],
    web: { results: [found] },
    answers: [],
    infoboxes: [],
    suggestions: [],
  };
  const keys = {
    tavily: "TAVILY_API_KEY",
    brave: "BRAVE_SEARCH_API_KEY",
    searxng: "SEARXNG_API_BASE",
  };

  it.each(["tavily", "brave", "searxng"] as const)(
    "asks %s, whose key is set",
    async (provider) => {
      await using site = await web((_, response) => void response.end(JSON.stringify(answers)));
      const before = getGlobalDispatcher();
      // Hosts of providers are ours here; what is on loopback already is reached as it is.
      const agent = new Agent({
        connect: ({ hostname, port }, done) => {
          const isOutside = !["127.0.0.1", "localhost"].includes(hostname);
          const socket = connect(isOutside ? site.port : Number(port), "127.0.0.1");
          socket
            .once("connect", () => done(null, socket))
            .once("error", (error) => done(error, null));
        },
      });
      setGlobalDispatcher(agent);
      const secret = provider === "searxng" ? `${site.url}/` : "key-of-the-operator";
      process.env[keys[provider]] = secret;
      try {
        await using it = await tooled([fine]);
        const [result] = await called(it, [["web_search", { query: "台灯" }]]);
        expect(result).toContain('"link":"https://a.example/"');
        expect(result).toContain('"snippet":"about"');
        const { path, body, headers } = site.requests[0] ?? { path: "", body: "", headers: {} };
        expect(decodeURIComponent(path) + body).toContain("台灯");
        expect([`${site.url}/`, body, JSON.stringify(headers)].join()).toContain(secret);
      } finally {
        Reflect.deleteProperty(process.env, keys[provider]);
        setGlobalDispatcher(before);
        await agent.close();
      }
    },
  );

  it("is not offered without a key, and the run goes on", async () => {
    await using it = await tooled([fine]);
    const [result] = await called(it, [["web_search", { query: "a" }]]);
    expect(result).toContain("not found");
    expect(JSON.stringify(it.provider.lastBody["tools"])).not.toContain("web_search");
  });
});

describe("search_knowledge", () => {
  it("finds passages of the owner's collection that the context names", async () => {
    const embed = { model_type: "embedding", server_type: "demo", model: "demo-embedding" };
    await using it = await tooled([fine], { models: { embed } });
    const key = await it.keyOf("ann");
    const text = "Lamps cost 5 yuan.\n\n台灯有蓝色和红色。";
    const document = { source: "lamps.md", text };
    await okJson(it.server.put("/knowledge/shop/documents", document, { "x-api-key": key }));
    const ann = new Client({ apiUrl: it.server.url, apiKey: key });
    const ask: [string, object] = ["search_knowledge", { query: "台灯" }];
    const [passage] = await called({ ...it, client: ann }, [ask], { collection: "shop" });
    expect(passage).toMatch(
      /^\[1\]\n<passage source="lamps\.md" lines="\d-3">\n[^]*台灯有蓝色和红色。/,
    );
    const bob = await it.clientOf("bob");
    const [other] = await called({ ...it, client: bob }, [ask], { collection: "shop" });
    expect(other).not.toContain("台灯有");
  });
});

describe("generate_image", () => {
  it("makes an image whose file stays, where a model can be called", async () => {
    const prompt: [string, object] = ["generate_image", { prompt: "a lamp" }];
    await using without = await tooled([fine]);
    expect((await called(without, [prompt]))[0]).toContain("not found");
    const paint = { model_type: "image", server_type: "demo", model: "demo-image" };
    await using it = await tooled([fine], { models: { paint } });
    const [made = ""] = await called(it, [prompt]);
    const [, url = ""] = /\((.*)\)/.exec(made) ?? [];
    const image = await it.server.get(url);
    expect(image.headers.get("content-type")).toMatch(/^image\//);
  });
});

describe("the store's tools", () => {
  it("keep notes of one user for later conversations, apart from others'", async () => {
    await using it = await tooled([fine]);
    const [ann, bob] = [await it.clientOf("ann"), await it.clientOf("bob")];
    const put: [string, object] = ["store_put", { key: "plan", text: "buy a lamp" }];
    const get: [string, object] = ["store_get", { key: "plan" }];
    const search: [string, object] = ["store_search", { query: "lamp" }];
    expect(await called({ ...it, client: ann }, [put, get, search])).toEqual([
      "Kept as plan.",
      "buy a lamp",
      "plan: buy a lamp",
    ]);
    expect(await called({ ...it, client: ann }, [get])).toEqual(["buy a lamp"]);
    expect(await called({ ...it, client: bob }, [get, search])).toEqual([
      "Nothing is kept as plan.",
      "Nothing is kept.",
    ]);
  });
});
