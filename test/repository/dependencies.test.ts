import { describe, expect, it } from "vitest";
import { z } from "zod";

import { readProjectText } from "./project-files.ts";
import { compareVersions, findKnownBad, KNOWN_BAD } from "./versions.ts";

const Pins = z.record(z.string(), z.string());
const Manifest = z.object({
  dependencies: Pins,
  devDependencies: Pins,
  optionalDependencies: Pins,
});
const Lock = z.object({
  packages: z.record(
    z.string(),
    z.object({
      version: z.string().optional(),
      resolved: z.string().optional(),
      hasInstallScript: z.boolean().optional(),
      dependencies: Pins.optional(),
      devDependencies: Pins.optional(),
      optionalDependencies: Pins.optional(),
    }),
  ),
});

const manifest = Manifest.parse(JSON.parse(readProjectText("package.json")));
const lock = Lock.parse(JSON.parse(readProjectText("package-lock.json")));
const pinned = Object.entries({
  ...manifest.dependencies,
  ...manifest.devDependencies,
  ...manifest.optionalDependencies,
});
const locked = Object.entries(lock.packages)
  .filter(([path]) => path !== "")
  .map(([path, entry]) => ({ ...entry, path, name: path.split("node_modules/").at(-1) ?? "" }));

// These have no main module to import: programs, types, or a Node for one kind of machine.
const NOT_IMPORTABLE = /^(knip|oxfmt|oxlint|oxlint-tsgolint|typescript|@types\/.+|node-linux-.+)$/;
// These have entry points by subpath only.
const SUBPATHS: Readonly<Record<string, string>> = {
  "@langchain/core": "@langchain/core/messages",
  "@langchain/community": "@langchain/community/tools/calculator",
  "@modelcontextprotocol/sdk": "@modelcontextprotocol/sdk/client/index.js",
};

describe("dependencies", () => {
  it("are pinned to exact versions", () => {
    expect(pinned.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });

  it("are locked as package.json says", () => {
    const { dependencies, devDependencies, optionalDependencies } = lock.packages[""] ?? {};
    expect({ dependencies, devDependencies, optionalDependencies }).toEqual(manifest);
    for (const [name, version] of pinned) {
      expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });

  it("are locked without the address of a registry other than npm's", () => {
    const addresses = locked.flatMap(({ resolved }) => resolved ?? []);
    expect(addresses.filter((url) => !url.startsWith("https://registry.npmjs.org/"))).toEqual([]);
    expect(readProjectText(".npmrc")).not.toMatch(/registry|_auth|:\/\//);
  });

  it("run no install script", () => {
    // fsevents is macOS only and comes with a prebuilt binary.
    const scripted = locked.filter(({ hasInstallScript }) => hasInstallScript);
    expect(scripted.map(({ name }) => name).filter((name) => name !== "fsevents")).toEqual([]);
  });

  it("are in no known-bad range", () => {
    const versions = locked.flatMap(({ name, version }) => (version ? [{ name, version }] : []));
    expect(versions.length).toBeGreaterThan(100);
    expect(findKnownBad(versions)).toEqual([]);
  });

  // legacy-peer-deps hides a missing or unfit peer until the import.
  it.each(pinned.map(([name]) => name).filter((name) => !NOT_IMPORTABLE.test(name)))(
    "can import %s",
    async (name) => {
      const loaded: unknown = await import(SUBPATHS[name] ?? name);
      expect(loaded).toBeTypeOf("object");
    },
  );
});

describe("the check of versions", () => {
  it.each(KNOWN_BAD)("refuses a bad $name", ({ name, floor }) => {
    expect(findKnownBad([{ name, version: "0.0.9" }])).toHaveLength(1);
    if (floor === undefined) return;
    expect(findKnownBad([{ name, version: `${floor}-rc.1` }])).toHaveLength(1);
    expect(findKnownBad([{ name, version: floor }])).toEqual([]);
  });

  it.each([
    ["1.10.0", "1.9.9", 1],
    ["1.9.9", "1.10.0", -1],
    ["4.12.21", "4.12.21", 0],
    ["2.0.0-rc.1", "2.0.0", -1],
    ["2.0.0-rc.10", "2.0.0-rc.9", 1],
  ])("orders %s and %s", (left, right, order) => {
    expect(Math.sign(compareVersions(left, right))).toBe(order);
  });
});
