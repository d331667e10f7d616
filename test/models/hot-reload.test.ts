import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readSettings } from "../../src/config/settings.ts";
import { FolderWatch, folderStamp } from "../../src/config/watch-folder.ts";
import { systemClock } from "../../src/core/clock.ts";
import { createLog } from "../../src/core/log.ts";
import { ModelCatalog } from "../../src/models/catalog.ts";
import { LiveModels } from "../../src/models/live-models.ts";
import { okJson } from "../support/calls.ts";
import * as fake from "../support/fake-provider.ts";
import { spawnServer, tempFolder, type SpawnedServer } from "../support/spawn-server.ts";
import { OWN_GRAPHS, testServer } from "../support/test-server.ts";

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => (folder = tempFolder()));
afterEach(() => folder[Symbol.dispose]());

const DEMO = { server_type: "demo" };

function write(name: string, fields: object | string, dir = folder.path): void {
  const text = typeof fields === "string" ? fields : JSON.stringify(fields);
  writeFileSync(join(dir, name), text);
}

const chat = (url: string, fields: object = {}) => ({ model: "fake", url, ...fields });

/** As editors write: a new file that takes the old one's name. */
function replaceFile(name: string, fields: object): void {
  write(`.${name}.swp`, fields);
  renameSync(join(folder.path, `.${name}.swp`), join(folder.path, name));
}

/** What a catalog of the folder says in its log. */
function catalogWithLog(env: Record<string, string> = {}) {
  const lines: string[] = [];
  const say = (fields: object, message: string) =>
    void lines.push(`${message} ${JSON.stringify(fields)}`);
  const log = { info: say, warn: say, error: say } as never;
  const catalog = new ModelCatalog({ dir: folder.path, env, log });
  return { catalog, lines, ids: () => catalog.registry.list().map(({ id }) => id) };
}

describe("a reload of the model folder", () => {
  it("takes added, changed and deleted models, and keeps the unchanged one as it is", () => {
    for (const name of ["same", "changed", "gone"])
      write(`${name}.json`, chat("http://127.0.0.1:9/v1", { temperature: 1 }));
    const { catalog, ids, lines } = catalogWithLog();
    const { registry } = catalog;
    const same = registry.get("same");
    const changed = registry.get("changed");
    write("added.json", chat("http://127.0.0.1:9/v1"));
    write("changed.json", chat("http://127.0.0.1:8/v1", { temperature: 0.5 }));
    unlinkSync(join(folder.path, "gone.json"));

    expect(catalog.reload()).toBe(true);
    expect(ids()).toEqual(["added", "changed", "same", "demo"]);
    expect(registry.get("same")).toBe(same);
    expect(registry.get("changed").fields.temperature).toBe(0.5);
    expect(changed.fields.temperature).toBe(1);
    expect(() => registry.get("gone")).toThrow('Unknown model "gone"');
    expect(lines.join()).toContain('"added":["added"],"removed":["gone"],"changed":["changed"]');
  });

  it("takes nothing of a set of which one file is broken", () => {
    write("a.json", chat("http://127.0.0.1:9/v1"));
    const { catalog, ids, lines } = catalogWithLog();
    write("b.json", chat("http://127.0.0.1:9/v1"));
    write("c.json", { ...chat("http://127.0.0.1:9/v1"), pay_in: -1 });
    expect(catalog.reload()).toBe(false);
    expect(ids()).toEqual(["a", "demo"]);
    expect(lines.join()).toContain(`${join(folder.path, "c.json")}: pay_in:`);
    unlinkSync(join(folder.path, "c.json"));
    expect(catalog.reload()).toBe(true);
    expect(ids()).toEqual(["a", "b", "demo"]);
  });

  it("is refused when it takes the default model away", () => {
    write("a.json", DEMO);
    write("b.json", chat("http://127.0.0.1:9/v1"));
    const catalog = new ModelCatalog({ dir: folder.path, env: {}, defaultModel: "b" });
    unlinkSync(join(folder.path, "b.json"));
    expect(catalog.reload()).toBe(false);
    expect(catalog.registry.get("b").id).toBe("b");
  });

  it.each([
    ["a literal", "own-test-key-1", "other-test-key-2"],
    ["a variable", "env:KEY_ONE", "env:KEY_TWO"],
  ])("sends %s key to no new address unless it is written anew", (_, before, after) => {
    const env = { KEY_ONE: "test-value-1", KEY_TWO: "test-value-2" };
    write("a.json", chat("http://127.0.0.1:9/v1", { api_key: before }));
    const { catalog, lines } = catalogWithLog(env);
    const url = () => catalog.registry.get("a").fields.url;
    write("a.json", chat("http://127.0.0.1:8/v1", { api_key: before }));
    expect(catalog.reload()).toBe(false);
    expect(url()).toBe("http://127.0.0.1:9/v1");
    expect(lines.join()).toContain("a.json: url: changed from http://127.0.0.1:9/v1");
    expect(lines.join()).not.toMatch(/own-test-key|test-value/);

    unlinkSync(join(folder.path, "a.json"));
    expect(catalog.reload()).toBe(true);
    write("a.json", chat("http://127.0.0.1:8/v1", { api_key: before }));
    expect(catalog.reload()).toBe(false);
    const restarted = new ModelCatalog({ dir: folder.path, env });
    expect(restarted.registry.get("a").fields.url).toBe("http://127.0.0.1:8/v1");

    write("a.json", chat("http://127.0.0.1:8/v1", { api_key: after }));
    expect(catalog.reload()).toBe(true);
    expect(url()).toBe("http://127.0.0.1:8/v1");
    write("a.json", chat("http://127.0.0.1:9/v1", { api_key: before }));
    expect(catalog.reload()).toBe(true);
  });

  it("sends no header's key to a new address, nor any key through a new proxy", () => {
    const headers = { "x-gateway": "${GATEWAY_KEY}", "x-title": "mine" };
    write("a.json", chat("http://127.0.0.1:9/v1", { api_key: null, headers }));
    write("b.json", chat("http://127.0.0.1:9/v1", { api_key: "own-test-key-1" }));
    const { catalog, lines } = catalogWithLog({ GATEWAY_KEY: "test-value-1" });
    write("a.json", chat("http://127.0.0.1:8/v1", { api_key: null, headers }));
    expect(catalog.reload()).toBe(false);
    expect(lines.at(-1)).toContain("a.json: url: changed");
    write("a.json", chat("http://127.0.0.1:9/v1", { api_key: null, headers }));
    write(
      "b.json",
      chat("http://127.0.0.1:9/v1", { api_key: "own-test-key-1", proxy: "http://127.0.0.1:7" }),
    );
    expect(catalog.reload()).toBe(false);
    expect(lines.at(-1)).toContain("b.json: proxy: changed");
  });

  it("lets the address change where no key is sent, and warns of a key's second host", () => {
    write("a.json", chat("http://127.0.0.1:9/v1", { api_key: null }));
    write("b.json", chat("http://127.0.0.1:9/v1", { api_key: "own-test-key-1" }));
    const { catalog, lines } = catalogWithLog();
    write("a.json", chat("http://127.0.0.1:8/v1", { api_key: null }));
    write("c.json", chat("http://127.0.0.1:7/v1", { api_key: "own-test-key-1" }));
    expect(catalog.reload()).toBe(true);
    expect(lines.join()).toContain("the key of model b now goes to another host too");
  });
});

describe("a watched folder", () => {
  it("calls for the files that count alone, and not for those written as they were", async () => {
    const calls: string[] = [];
    const watchFor = (end: string) => {
      const isRelevant = (name: string) => name.endsWith(end);
      const since = folderStamp(folder.path, isRelevant);
      const onChange = () => void calls.push(end);
      return new FolderWatch(folder.path, { isRelevant, since, onChange });
    };
    const watches = [watchFor(".json"), watchFor(".txt")];
    writeFileSync(join(folder.path, "notes.txt"), "nothing for a model");
    await expect.poll(() => calls, { timeout: 10_000 }).toContain(".txt");
    expect(calls).toEqual([".txt"]);
    writeFileSync(join(folder.path, "a.json"), "{}");
    await expect.poll(() => calls, { timeout: 10_000 }).toEqual([".txt", ".json"]);
    for (const watch of watches) watch.close();
  });
});

describe("a running server", () => {
  const serverOf = (prompts?: string) =>
    testServer({
      langgraph: OWN_GRAPHS,
      settings: {
        models_dir: folder.path,
        default_model: "a",
        ...(prompts === undefined ? {} : { prompts_dir: prompts }),
      },
    });
  const ask = async (server: Pick<SpawnedServer, "api">["api"], context: object = {}) => {
    const body = { assistant_id: "chat", input: { messages: "hi" }, context };
    const answer = await okJson(server.post("/runs/wait", body));
    return answer.messages?.at(-1).content ?? answer.__error__.message;
  };

  it("takes a file that an editor replaced; a run that goes on ends on the old one", async () => {
    let finish = () => {};
    const held: fake.Answer = (response, request) => {
      finish = () => fake.text("from the old")(response, request);
    };
    await using old = await fake.fakeProvider(held, fake.text("still the old"));
    await using next = await fake.fakeProvider(fake.text("from the new"));
    write("a.json", chat(old.url, { api_key: null }));
    await using server = await serverOf();
    const running = ask(server);
    await expect.poll(() => old.requests.length, { timeout: 10_000 }).toBe(1);
    replaceFile("a.json", chat(next.url, { api_key: null }));
    await expect.poll(() => ask(server), { timeout: 10_000 }).toBe("from the new");
    finish();
    expect(await running).toBe("from the old");
  });

  it("follows links as a mounted config map swaps them", async () => {
    await using first = await fake.fakeProvider(fake.text("one"));
    await using second = await fake.fakeProvider(fake.text("two"));
    for (const [version, url] of [
      ["..v1", first.url],
      ["..v2", second.url],
    ] as const) {
      mkdirSync(join(folder.path, version));
      write("a.json", chat(url, { api_key: null }), join(folder.path, version));
    }
    symlinkSync("..v1", join(folder.path, "..data"));
    symlinkSync(join("..data", "a.json"), join(folder.path, "a.json"));
    await using server = await serverOf();
    expect(await ask(server)).toBe("one");
    symlinkSync("..v2", join(folder.path, "..data_tmp"));
    renameSync(join(folder.path, "..data_tmp"), join(folder.path, "..data"));
    await expect.poll(() => ask(server), { timeout: 10_000 }).toBe("two");
  });

  it("sees a file change behind a link, of which the folder is told nothing", async () => {
    await using provider = await fake.fakeProvider(fake.text("behind the link"));
    const target = tempFolder();
    write("target.json", DEMO, target.path);
    symlinkSync(join(target.path, "target.json"), join(folder.path, "a.json"));
    await using server = await serverOf();
    expect(await ask(server)).not.toBe("behind the link");
    write("target.json", chat(provider.url, { api_key: null }), target.path);
    await expect.poll(() => ask(server), { timeout: 10_000 }).toBe("behind the link");
    target[Symbol.dispose]();
  });

  it("finds a folder again that was removed and made anew", async () => {
    const dir = join(folder.path, "models");
    mkdirSync(dir);
    write("a.json", DEMO, dir);
    await using server = await testServer({
      langgraph: OWN_GRAPHS,
      settings: { models_dir: dir, default_model: undefined },
    });
    await using provider = await fake.fakeProvider(fake.text("made anew"));
    rmSync(dir, { recursive: true });
    mkdirSync(dir);
    write("a.json", chat(provider.url, { api_key: null }), dir);
    write("demo.json", DEMO, dir);
    await expect.poll(() => ask(server, { model: "a" }), { timeout: 10_000 }).toBe("made anew");
  });

  it("takes a changed prompt, and goes on with the old one when the new one is broken", async () => {
    const prompts = join(folder.path, "prompts");
    mkdirSync(prompts);
    write("chat.md", "the first words", prompts);
    await using provider = await fake.fakeProvider(fake.text("ok"));
    write("a.json", chat(provider.url, { api_key: null }));
    await using server = await serverOf(prompts);
    const sent = async () => {
      await ask(server);
      return JSON.stringify(provider.lastBody["messages"]);
    };
    expect(await sent()).toContain("the first words");
    write("chat.md", "   \n", prompts);
    expect(await sent()).toContain("the first words");
    writeFileSync(join(prompts, "chat.md"), Buffer.from([0xff, 0xfe, 0x80, 0x41]));
    expect(await sent()).toContain("the first words");
    write("chat.md", "the next words", prompts);
    expect(await sent()).toContain("the next words");
  });

  it("does nothing of it where hot_reload is off", async () => {
    write("a.json", DEMO);
    const live = (hotReload: string) => {
      const flags = { models_dir: folder.path, hot_reload: hotReload, local_models: "off" };
      const models = new LiveModels(readSettings(flags, folder.path), {
        log: createLog("silent"),
        clock: systemClock,
      });
      models.watch();
      return models;
    };
    const [off, on] = [live("false"), live("true")];
    write("b.json", DEMO);
    await expect.poll(() => on.registry.list().length, { timeout: 10_000 }).toBe(2);
    expect(off.registry.list()).toHaveLength(1);
    off.close();
    on.close();
  });
});

describe("kagari start", () => {
  it("says once what a burst of writes changed, and in one line what is wrong with a file", async () => {
    write("demo.json", DEMO);
    await using server = await spawnServer({ flags: [`--models-dir=${folder.path}`] });
    const said = (text: string) => server.log.split(text).length - 1;
    for (let n = 0; n < 20; n += 1) replaceFile("a.json", { ...DEMO, description: `${n}` });
    await expect.poll(() => said("model configs reloaded"), { timeout: 10_000 }).toBe(1);

    write("a.json", { ...DEMO, temprature: 1 });
    await expect.poll(() => said("model configs refused"), { timeout: 10_000 }).toBe(1);
    const line = server.log.split("\n").find((text) => text.includes("refused")) ?? "";
    expect(line).toContain("a.json: temprature: unknown key (did you mean");
    const body = { assistant_id: "chat", input: { messages: "hi" }, context: { model: "a" } };
    expect((await okJson(server.api.post("/runs/wait", body))).messages).toHaveLength(2);
    expect(await server.stop()).toBe(0);
  });
});
