import { describe, expect, it } from "vitest";
import { type Loose, okJson, refusal } from "../support/calls.ts";
import { project } from "../support/project.ts";
import { type Api, testServer } from "../support/test-server.ts";

/** The vector of a text is how often it says a, b and c; what it was asked for is a file of calls. */
const EMBED = `
export const calls = [];
export async function embed(texts) {
  calls.push(texts);
  return texts.map((text) => ["a", "b", "c"].map((sign) => text.split(sign).length - 1));
}
export const nothing = 5;
`;
const FUNCTION = { dims: 3, embed: "./embed.mjs:embed", fields: ["text"] };

async function withIndex(index: object, use: (api: Api, folder: string) => Promise<void>) {
  using folder = project({ store: { index } }, { "embed.mjs": EMBED });
  await using server = await testServer({ langgraph: folder.langgraph });
  await use(server, folder.path);
}

const put = (api: Api, key: string, value: object, more: object = {}) =>
  api.put("/store/items", { namespace: ["n", key], key, value, ...more });

const search = async (api: Api, body: object): Promise<Loose[]> =>
  (await okJson(api.post("/store/items/search", body))).items;

const keys = async (api: Api, body: object) => (await search(api, body)).map(({ key }) => key);

describe("search by meaning", () => {
  it("ranks by the cosine of the vectors of a function", async () => {
    await withIndex(FUNCTION, async (api) => {
      await put(api, "mostly-a", { text: "aaab" });
      await put(api, "all-b", { text: "bbbbbb" });
      await put(api, "a-and-c", { text: "ac" });
      const found = await search(api, { query: "a" });
      expect(found.map(({ key }) => key)).toEqual(["mostly-a", "a-and-c", "all-b"]);
      expect(found.map(({ score }) => score)).toEqual([
        expect.closeTo(3 / Math.sqrt(10), 6),
        expect.closeTo(1 / Math.sqrt(2), 6),
        0,
      ]);
      expect(await keys(api, { query: "a", limit: 1, offset: 1 })).toEqual(["a-and-c"]);
      expect(await keys(api, { query: "a", namespace_prefix: ["n", "all-b"] })).toEqual(["all-b"]);
      expect(await keys(api, { query: "a", filter: { text: "ac" } })).toEqual(["a-and-c"]);
      expect(await search(api, {})).toHaveLength(3);
    });
  });

  it("looks into the fields of an item, of several the nearest, and into none when told so", async () => {
    await withIndex(FUNCTION, async (api) => {
      await put(api, "list", { notes: ["b", "c"] }, { index: ["notes[*]"] });
      await put(api, "default", { text: "bc", other: "a" });
      await put(api, "none", { text: "c" }, { index: false });
      const found = await search(api, { query: "c" });
      expect(found.map(({ key, score }) => [key, Math.round(score * 100)])).toEqual([
        ["list", 100],
        ["default", 71],
      ]);
      await put(api, "list", { notes: ["b"] }, { index: ["notes[*]"] });
      expect(await keys(api, { query: "c", limit: 1 })).toEqual(["default"]);
    });
  });

  it("embeds what is put together in one call, and each text once", async () => {
    using folder = project({ store: { index: FUNCTION } }, { "embed.mjs": EMBED });
    await using server = await testServer({ langgraph: folder.langgraph });
    const changes = ["a", "b", "a"].map((text, at) => ({
      namespace: ["n"],
      key: String(at),
      value: { text },
    }));
    await server.ctx.items.write("", changes);
    const module: Loose = await import(`${folder.path}/embed.mjs`);
    expect(module.calls).toEqual([["a", "b"]]);
  });

  it("works with an embedding model of the server, the demo included", async () => {
    await withIndex({ dims: 256, embed: "demo-embedding" }, async (api) => {
      await put(api, "tea", { text: "她喜欢喝绿茶" });
      await put(api, "car", { text: "他的汽车是红色的" });
      const [best] = await search(api, { query: "喝茶" });
      expect(best).toMatchObject({ key: "tea", score: expect.any(Number) });
    });
  });

  it("keeps nothing when a vector has not the size of the index", async () => {
    await withIndex({ ...FUNCTION, dims: 4 }, async (api) => {
      const { status, body } = await put(api, "k", { text: "a" });
      expect(status).toBe(500);
      await body?.cancel();
      expect(await search(api, {})).toEqual([]);
    });
  });

  it.each([
    ["an unknown model", { dims: 3, embed: "demo-embeding" }, /did you mean "demo-embedding"/],
    ["a model that is none for it", { dims: 3, embed: "demo" }, /type chat/],
    ["a file that is not there", { dims: 3, embed: "./no.ts:embed" }, /no\.ts does not exist/],
  ])("stops the start with %s", async (_, index, why) => {
    using folder = project({ store: { index } });
    await expect(testServer({ langgraph: folder.langgraph })).rejects.toThrow(why);
    await expect(testServer({ langgraph: folder.langgraph })).rejects.toThrow(
      /store\.index\.embed/,
    );
  });

  it("says what is wrong with a module", async () => {
    await withIndex({ ...FUNCTION, embed: "./embed.mjs:nothing" }, async (api) => {
      const answer = await refusal(put(api, "k", { text: "a" }), 500);
      expect(answer.detail).toMatch(/embed\.mjs has at "nothing" neither a function/);
    });
  });
});
