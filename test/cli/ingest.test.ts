import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { okJson } from "../support/calls.ts";
import { docx, ENCRYPTED, pdf, zip } from "../support/documents.ts";
import { runCli, spawnServer, type SpawnedServer, tempFolder } from "../support/spawn-server.ts";
import { OWN_GRAPHS, REPOSITORY } from "../support/test-server.ts";

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder();
  mkdirSync(join(folder.path, "docs", ".git"), { recursive: true });
  write("docs/guide.md", "# Lamps\n\nThe blue lamp burns whale oil.\n");
  write("docs/manual.pdf", pdf([["One."], ["Whales are large."]]));
  write("docs/letter.docx", docx("Letter", "Dear whale"));
  write("docs/picture.png", "x");
  write("docs/.git/config.txt", "hidden");
});
afterEach(() => folder[Symbol.dispose]());

const write = (name: string, content: string | Uint8Array) =>
  writeFileSync(join(folder.path, name), content);

const FLAGS = [
  `--config=${OWN_GRAPHS}`,
  `--models-dir=${join(REPOSITORY, "config", "models")}`,
  `--prompts-dir=${join(REPOSITORY, "prompts")}`,
  "--default-model=demo",
  "--local-models=off",
];

const kagari = (command: string[], ...flags: string[]) =>
  runCli([...command, ...FLAGS, ...flags], { cwd: folder.path });

describe("kagari ingest with the server that runs", () => {
  let server: SpawnedServer;
  beforeEach(async () => {
    server = await spawnServer();
  });
  afterEach(() => server[Symbol.asyncDispose]());
  const ingest = (...args: string[]) =>
    kagari(["ingest", `--data-dir=${server.dataDir}`, "--port=1", ...args]);

  it("takes folders in, and what has changed since", async () => {
    const first = await ingest("docs", "--collection=shop");
    expect(first, first.stderr).toMatchObject({ code: 0 });
    expect(first.stdout).toMatch(
      /^3 created, 0 updated, 0 unchanged, 0 refused, 1 other files left; 4 chunks in /,
    );
    expect(first.stderr.split("\n").toSorted().slice(1)).toEqual([
      "docs/guide.md: created",
      "docs/letter.docx: created",
      "docs/manual.pdf: created",
    ]);
    const { passages } = await okJson(
      server.api.post("/knowledge/shop/search", { query: "whales are large" }),
    );
    expect(passages[0]).toMatchObject({ source: "docs/manual.pdf", page: 2 });

    write("docs/guide.md", "# Lamps\n\nThe blue lamp burns gas.\n");
    const second = await ingest("docs/*.md", "docs/manual.pdf", "--collection=shop", "--json");
    expect(JSON.parse(second.stdout)).toMatchObject({
      counts: { created: 0, updated: 1, unchanged: 1 },
      chunks: 1,
    });
  }, 60_000);

  it("makes documents anew by force, and lists and deletes collections", async () => {
    await okJson(server.api.put("/knowledge/shop/documents", { source: "a.md", text: "whales" }));
    write("a.md", "whales");
    const forced = await ingest("a.md", "--collection=shop", "--force", "--json");
    expect(JSON.parse(forced.stdout)).toMatchObject({ counts: { updated: 1, unchanged: 0 } });
    const at = [`--data-dir=${server.dataDir}`, "--port=1"];
    expect((await kagari(["collections", "list"], ...at)).stdout).toBe("shop\n");
    const gone = await kagari(["collections", "delete", "shop"], ...at);
    expect(gone).toMatchObject({ code: 0, stdout: "Deleted shop\n" });
    const again = await kagari(["collections", "delete", "shop"], ...at);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('"shop" not found') });
  }, 60_000);

  it("refuses what cannot be read with the reason, takes the rest, and ends with 1", async () => {
    mkdirSync(join(folder.path, "bad"));
    write("bad/secret.pdf", pdf([["x"]], ENCRYPTED));
    write("bad/bomb.docx", zip({ "word/document.xml": Buffer.alloc(64 * 1024 * 1024, "x") }));
    write("bad/noise.txt", Buffer.from([1, 2, 3, 4, 5, 6, 0, 0, 7]));
    write("bad/fine.txt", "Whales are fine.");
    write("bad/huge.txt", "");
    truncateSync(join(folder.path, "bad/huge.txt"), 10 * 1024 ** 3);
    symlinkSync(folder.path, join(folder.path, "bad", "circle"));
    const { code, stdout } = await ingest("bad", "missing.txt", "/dev/null");
    expect(code).toBe(1);
    expect(stdout).toMatch(/bad\/secret\.pdf +is encrypted/);
    expect(stdout).toMatch(/bad\/bomb\.docx +unpacks to more/);
    expect(stdout).toMatch(/bad\/noise\.txt +is no text/);
    expect(stdout).toMatch(/bad\/huge\.txt +has 10737418240 bytes.*document_max_bytes/);
    expect(stdout).toMatch(/missing\.txt +is not there/);
    expect(stdout).toMatch(/\/dev\/null +is no file/);
    expect(stdout).toMatch(/1 created, 0 updated, 0 unchanged, 6 refused, 1 other files left/);
  }, 60_000);
});

it("takes files into the database of its own where no server runs", async () => {
  const flags = ["--data-dir=data", "--port=1"];
  const first = await kagari(["ingest", "docs"], ...flags);
  expect(first.stdout, first.stderr).toMatch(/^3 created/);
  expect((await kagari(["ingest", "docs"], ...flags)).stdout).toMatch(/3 unchanged/);
  expect((await kagari(["collections", "list"], ...flags)).stdout).toBe("default\n");
}, 60_000);

it("says where no server is", async () => {
  const { code, stderr } = await kagari(["ingest", "docs", "--url=http://127.0.0.1:1"]);
  expect(code).toBe(1);
  expect(stderr).toContain("No server answers at http://127.0.0.1:1");
});
