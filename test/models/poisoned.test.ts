import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ModelCatalog } from "../../src/models/catalog.ts";
import { tempFolder } from "../support/spawn-server.ts";

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => (folder = tempFolder()));
afterEach(() => folder[Symbol.dispose]());

const GOOD = '{"model":"m","url":"http://127.0.0.1:9/v1"}';

/** A whole model file, with text that JSON.stringify would never write. */
const model = (field: string) => `{"model":"m","url":"http://127.0.0.1:9/v1",${field}}`;
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

/** What is wrong, the files of the folder, and the words of the one line that says so. */
const POISONED: [string, Record<string, string>, string[]][] = [
  ["a price below zero", { "a.json": model('"pay_in": -1') }, ["a.json: pay_in:", ">=0"]],
  ["a price beyond all numbers", { "a.json": model('"pay_out": 1e999') }, ["a.json: pay_out:"]],
  ["a price that is no number", { "a.json": model('"pay_in": NaN') }, ["a.json: not valid JSON"]],
  ["a price as text", { "a.json": model('"pay_in": "0.3"') }, ["a.json: pay_in:", "string"]],
  [
    "a token limit as text",
    { "a.json": model('"input_tokens": "32768"') },
    ["a.json: input_tokens:", "string"],
  ],
  ["half a token", { "a.json": model('"out_tokens": 0.5') }, ["a.json: out_tokens:"]],
  ["a timeout no timer can keep", { "a.json": model('"timeout": 1e12') }, ["a.json: timeout:"]],
  ["a price no sum can hold", { "a.json": model('"pay_in": 1e300') }, ["a.json: pay_in:"]],
  ["a timeout beyond all", { "a.json": model('"timeout": 1e999') }, ["a.json: timeout:"]],
  [
    "a file: address",
    { "a.json": '{"model":"m","url":"file:///etc/hosts"}' },
    ["a.json: url: expected an http or https URL"],
  ],
  [
    "an address with credentials",
    { "a.json": '{"model":"m","url":"http://me:you@127.0.0.1/v1"}' },
    ["a.json: url:"],
  ],
  [
    "10 MB",
    { "a.json": `{"model":"${"m".repeat(10 * 1024 * 1024)}"}` },
    ["a.json: expected a file below 1 MB"],
  ],
  [
    "deep nesting",
    { "a.json": model(`"extra_body": {"a": ${nested(100_000)}}`) },
    ["a.json: nested deeper than 64 at line 1"],
  ],
  [
    "a __proto__ key",
    { "a.json": model('"extra_body": {"x": {"__proto__": {"polluted": true}}}') },
    ["a.json: extra_body.x.__proto__: this key is not allowed"],
  ],
  [
    "a __proto__ key at the top",
    { "a.json": model('"__proto__": {"pay_in": 1}') },
    ["a.json: __proto__:"],
  ],
  [
    "an unknown key",
    { "a.json": model('"temprature": 1') },
    ['a.json: temprature: unknown key (did you mean "temperature"?)'],
  ],
  [
    "an id twice, one in capitals",
    { "a.json": GOOD, "b.json": model('"name": "A"') },
    ["b.json: name:", "a.json is also called"],
  ],
  ["a name with control signs", { "a.json": model('"name": "a\\u001b[2Jb"') }, ["name: expected"]],
  ["a list", { "a.json": "[]" }, ["a.json: expected a JSON object"]],
  ["nothing in it", { "a.json": "" }, ["a.json: not valid JSON at line 1, column 1"]],
];

const fill = (files: Record<string, string>) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder.path, name), text);
};

describe.each(POISONED)("a model file with %s", (_, files, words) => {
  it("stops the start with file, key and reason", () => {
    fill(files);
    const open = () => new ModelCatalog({ dir: folder.path, env: {} });
    for (const word of words) expect(open).toThrow(word);
  });

  it("is refused at a reload, and the old models go on serving", () => {
    fill({ "a.json": GOOD });
    const lines: string[] = [];
    const error = ({ reason }: { reason: string }) => void lines.push(reason);
    const log = { info: error, warn: error, error } as never;
    const catalog = new ModelCatalog({ dir: folder.path, env: {}, log });
    const before = catalog.registry.get("a");
    fill(files);
    expect(catalog.reload()).toBe(false);
    expect(lines).toHaveLength(1);
    for (const word of words) expect(lines[0]).toContain(word);
    expect(lines[0]?.length).toBeLessThan(400);
    expect(catalog.registry.get("a")).toBe(before);
    expect(Object.prototype).not.toHaveProperty("polluted");
  });
});

it("names every bad file at once", () => {
  fill({ "a.json": model('"pay_in": -1'), "b.json": model('"pay_out": "1"'), "c.json": GOOD });
  const open = () => new ModelCatalog({ dir: folder.path, env: {} });
  expect(open).toThrow(/a\.json: pay_in.*\n.*b\.json: pay_out/);
});

it("tells no part of a file that is not JSON, which may hold a key", () => {
  fill({ "a.json": '{"api_key": test-marker-1234' });
  const open = () => new ModelCatalog({ dir: folder.path, env: {} });
  expect(open).toThrow("a.json: not valid JSON at line 1");
  expect(open).not.toThrow("marker");
});
