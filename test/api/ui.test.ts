import { symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { Client } from "@langchain/langgraph-sdk";
import * as React from "react";
import * as JsxRuntime from "react/jsx-runtime";
import { create } from "react-test-renderer";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type Loose, okJson, refusal } from "../support/calls.ts";
import { project } from "../support/project.ts";
import {
  type ListeningServer,
  REPOSITORY,
  startTestServer,
  testServer,
} from "../support/test-server.ts";

const COMPONENTS = `
  import "./weather.css";
  import { useState } from "react";
  import label from "./label.cjs";
  import { unit } from "shared-things";

  function Weather({ degrees }: { degrees: number }) {
    const [count] = useState(1);
    return <p className="flex">{label()}: {degrees} {unit} {count}</p>;
  }
  export default { "it's <weather>": Weather };
`;
const GRAPH = `
  import { Annotation, MessagesAnnotation, StateGraph } from "@langchain/langgraph";
  import { typedUi, uiMessageReducer } from "@langchain/langgraph-sdk/react-ui/server";

  const State = Annotation.Root({
    ...MessagesAnnotation.spec,
    ui: Annotation<any[]>({ reducer: uiMessageReducer as any, default: () => [] }),
  });
  export const graph = new StateGraph(State)
    .addNode("show", (_state, config) => {
      const ui = typedUi(config);
      const message = { id: "m1", type: "ai", content: "Here it is." };
      ui.push({ name: "it's <weather>", props: { degrees: 21 }, id: "u1" }, { message } as any);
      return { messages: [message] };
    })
    .addEdge("__start__", "show")
    .compile();
`;

const files = {
  "weather-graph.ts": GRAPH,
  "ui.tsx": COMPONENTS,
  "weather.css": '@import "tailwindcss/utilities"; @import "./more.css";',
  "more.css": ".more { color: red }",
  "label.cjs":
    'const { createElement } = require("react"); module.exports = () => typeof createElement;',
  "broken.tsx": "import './nothing.ts';",
};
const fields = {
  graphs: { "my-weather": "./weather-graph.ts:graph", plain: "./weather-graph.ts:graph" },
  ui: { "my-weather": "./ui.tsx", broken: "./broken.tsx" },
  ui_config: { shared: ["shared-things"] },
};

const folder = project(fields, files);
symlinkSync(join(REPOSITORY, "node_modules"), join(folder.path, "node_modules"), "dir");
let server: ListeningServer;
let client: Client;
beforeAll(async () => {
  server = await startTestServer({ langgraph: folder.langgraph });
  client = new Client({ apiUrl: server.url, apiKey: null });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const NAME = "it's <weather>";
/** As LoadExternalComponent asks for it. */
const tagsOf = (assistant: string, name = NAME): Promise<string> =>
  client["~ui"].getComponent(assistant, name);

const unescaped = (text: string): string =>
  text.replaceAll(/&#(?<code>\d+);/g, (_all, code: string) => String.fromCharCode(Number(code)));

/** What a page does with the tags: loads the script and calls what it is told to. */
async function drawn(
  tags: string,
): Promise<{ place: string; component: React.ComponentType<Loose> }> {
  const [, src = "", onload = ""] =
    /<script src="([^"]*)" onload="([^"]*)"><\/script>/.exec(tags) ?? [];
  const shared: Record<string, unknown> = {
    react: React,
    "react/jsx-runtime": JsxRuntime,
    "shared-things": { unit: "°C" },
  };
  const { promise, resolve } = Promise.withResolvers<Loose>();
  const page: Record<PropertyKey, unknown> = {
    [Symbol.for("LGUI_REQUIRE")]: (name: string) => shared[name],
    [Symbol.for("LGUI_EXT_STORE")]: {
      respond: (place: string, component: unknown) => resolve({ place, component }),
    },
    document: {
      createElement: () => ({}),
      getElementById: () => ({ shadowRoot: { appendChild: () => undefined } }),
    },
  };
  page["window"] = page;
  const script = await fetch(unescaped(src));
  expect(script.headers.get("content-type")).toContain("javascript");
  runInNewContext(
    `${await script.text()};${unescaped(onload).replace("{{shadowRootId}}", "p1")}`,
    page,
  );
  return promise;
}

describe("ui of langgraph.json", () => {
  it("is what LoadExternalComponent of the SDK draws, with React and what is shared of the page", async () => {
    const { place, component } = await drawn(await tagsOf("my-weather"));
    expect(place).toBe("p1");
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    const page = await React.act(() => create(React.createElement(component, { degrees: 21 })));
    vi.unstubAllGlobals();
    expect(page.toJSON()).toMatchObject({
      children: ["function", ": ", "21", " ", "°C", " ", "1"],
    });
  });

  it("has its styles, those of Tailwind included", async () => {
    const href =
      /<link rel="stylesheet" href="([^"]*)"/.exec(await tagsOf("my-weather"))?.[1] ?? "";
    const styles = await fetch(href);
    expect(styles.headers.get("content-type")).toContain("text/css");
    const text = await styles.text();
    expect(text).toMatch(/\.flex\{display:flex\}/);
    expect(text).toMatch(/\.more\{color:red\}/);
  });

  it("is found by the id of an assistant too, and is said to be missing where it is", async () => {
    const assistant = await client.assistants.create({ graphId: "my-weather" });
    expect(await tagsOf(assistant.assistant_id)).toBe(await tagsOf("my-weather"));
    for (const name of ["plain", "none"])
      await refusal(server.post(`/ui/${name}`, { name: NAME }), 404);
    for (const file of ["my-weather/other.js", "my-weather/..%2Fui.tsx", "plain/entrypoint.js"])
      await refusal(server.get(`/ui/${file}`), 404);
    await refusal(server.post("/ui/my-weather", {}), 422);
  });

  it("names what cannot be built, until it can", async () => {
    const why = await refusal(server.post("/ui/broken", { name: "x" }), 422);
    expect(why.detail).toMatch(/ui\.broken: .*nothing\.ts/s);
    writeFileSync(join(folder.path, "broken.tsx"), "export default { x: () => null };");
    const answer = await server.post("/ui/broken", { name: "x" });
    expect(await answer.text()).toContain("/ui/broken/entrypoint.js");
  });

  it("is built anew once a file has changed", async () => {
    const changing = project({ ui: { echo: "./ui.jsx" } }, { "ui.jsx": "export default { a: 1 }" });
    await using own = await testServer({ langgraph: changing.langgraph });
    const script = async () => {
      await own.post("/ui/echo", { name: "a" });
      return (await own.get("/ui/echo/entrypoint.js")).text();
    };
    expect(await script()).not.toContain("changed");
    const file = join(changing.path, "ui.jsx");
    writeFileSync(file, "export default { a: 'changed' }");
    utimesSync(file, 4e9, 4e9);
    expect(await script()).toContain("changed");
    changing[Symbol.dispose]();
  });

  it("stops the start where its file is missing", async () => {
    using bad = project({ ui: { echo: "./none.tsx" } });
    await expect(testServer({ langgraph: bad.langgraph })).rejects.toThrow(/ui\.echo: .*none\.tsx/);
  });

  it("is loaded by pages of other sites, which may do nothing else", async () => {
    const foreign = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
    const script = await fetch(`${server.url}/ui/my-weather/entrypoint.js`, { headers: foreign });
    expect(script.status).toBe(200);
    await refusal(fetch(`${server.url}/info`, { headers: foreign }), 403);
  });
});

describe("typedUi of the SDK", () => {
  it("is streamed as custom events, and kept in the state", async () => {
    const pushed: Loose[] = [];
    const { thread_id } = await client.threads.create();
    for await (const { event, data } of client.runs.stream(thread_id, "my-weather", {
      input: {},
      streamMode: ["custom", "values"],
    }))
      if (event === "custom") pushed.push(data);
    const message = { type: "ui", id: "u1", name: NAME, props: { degrees: 21 } };
    expect(pushed).toMatchObject([{ ...message, metadata: { id: "m1" } }]);
    const { values } = await okJson(server.get(`/threads/${thread_id}/state`));
    expect(values.ui).toMatchObject([message]);
  });
});
