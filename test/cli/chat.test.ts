import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Client } from "@langchain/langgraph-sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SpawnedServer, runCli, spawnServer, tempFolder } from "../support/spawn-server.ts";
import { CTRL_C, CTRL_D, ENTER, Terminal } from "../support/terminal.ts";
import { OWN_GRAPHS, REPOSITORY } from "../support/test-server.ts";

const DEMO = { model: "kagari-demo", server_type: "demo", input_tokens: 32768, out_tokens: 4096 };

const folder = tempFolder();
let server: SpawnedServer;

beforeAll(async () => {
  const model = (id: string, fields: object) =>
    writeFileSync(join(folder.path, `${id}.json`), JSON.stringify({ ...DEMO, ...fields }));
  model("demo", { pay_in: 1, pay_out: 2, currency: "CNY" });
  model("slow", { extra_body: { demo: { delay_ms: 100 } } });
  server = await spawnServer({ flags: [`--models-dir=${folder.path}`] });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  folder[Symbol.dispose]();
});

const terminal = (...flags: string[]) =>
  new Terminal(["chat", `--url=${server.url}`, ...flags], { cwd: folder.path });

async function chat(...flags: string[]): Promise<Terminal> {
  const opened = terminal(...flags);
  await opened.shows("leaves.");
  await opened.shows("> ");
  return opened;
}

describe.skipIf(process.platform !== "linux")("kagari chat", () => {
  it("remembers the conversation, shows tools at work, and leaves at an exit word", async () => {
    await using person = await chat();
    person.enter("你好，我叫羚伊");
    await person.shows("你好，羚伊！");
    await person.shows("\n> ");
    person.enter("我叫什么名字？");
    await person.shows("你叫羚伊。");
    await person.shows("\n> ");
    person.enter("What is 17 * 23?");
    const shown = await person.shows("The tool says: 391.");
    expect(shown).toContain('> calculator {"input":"17*23"}');
    expect(shown).toContain("< calculator: 391");
    await person.shows("\n> ");
    person.enter("退出");
    expect(await person.exitCode()).toBe(0);
  });

  it("dims the model's thinking, or hides it", async () => {
    await using person = await chat();
    person.enter("Please think step by step about tea");
    await person.shows("(demo) I look at the last message");
    await person.shows("I received");
    await person.shows("\n> ");
    expect(person.raw).toContain("\u001B[2m(demo)");
    person.enter("/think");
    await person.shows("Thinking is hidden.");
    person.enter("Please think step by step about tea");
    expect(await person.shows("I received")).not.toContain("I look at the last message");
    person.type(CTRL_D);
    expect(await person.exitCode()).toBe(0);
  });

  it("begins anew, and shows what was said", async () => {
    await using person = await chat();
    person.enter("Hello, my name is Ada");
    await person.shows("I will remember your name");
    await person.shows("\n> ");
    person.enter("/history");
    expect(await person.shows("I will remember your name")).toContain("> Hello, my name is Ada");
    await person.shows("\n> ");
    person.enter("/new");
    await person.shows("New conversation.");
    person.enter("/history");
    await person.shows("Nothing was said yet.");
    person.enter("What is my name?");
    await person.shows("You have not told me your name yet.");
  });

  it("lists models, takes one, and tells what the conversation cost", async () => {
    await using person = await chat();
    person.enter("/model");
    expect(await person.shows("slow")).toContain("demo");
    person.enter("/model none");
    await person.shows("No model is called none.");
    person.enter("/model demo");
    await person.shows("Model: demo");
    person.enter("Hello, my name is Ada");
    await person.shows("I will remember your name");
    await person.shows("\n> ");
    person.enter("/cost");
    expect(await person.shows(" CNY")).toMatch(/1 call: \d+ tokens in, \d+ out, 0\.000\d+ CNY/);
  });

  it("sends pasted lines as one message", async () => {
    await using person = await chat();
    person.type("\u001B[200~first line\rsecond line\u001B[201~");
    person.type(ENTER);
    await person.shows('I received: "first line');
    await person.shows("\n> ");
    person.enter("/history");
    expect(await person.shows("second line\n")).toContain("> first line\nsecond line\n");
  });

  it("stops an answer at Ctrl-C and stays", async () => {
    await using person = await chat("--model=slow");
    person.enter("Tell me a long story about the sea");
    await person.shows("I received");
    person.type(CTRL_C);
    await person.shows("(stopped)");
    await person.shows("\n> ");
    const client = new Client({ apiUrl: server.url, apiKey: null });
    const threads = await client.threads.search({ limit: 1 });
    const runs = await client.runs.list(threads[0]?.thread_id ?? "");
    expect(runs.map(({ status }) => status)).toEqual(["interrupted"]);
    person.enter("exit");
    expect(await person.exitCode()).toBe(0);
  });

  it("asks for approval, and takes edited arguments", async () => {
    await using person = await chat("--graph=approval");
    person.enter("Tell Bo that tea is ready");
    await person.shows("approve / edit / reject: ");
    person.enter("maybe");
    await person.shows("approve / edit / reject: ");
    person.enter("e");
    await person.shows("? arguments: ");
    person.type("\u0015");
    person.enter('{"text":"Tea!"}');
    await person.shows("Sent: Tea!");
    person.enter("Once more");
    await person.shows("approve / edit / reject: ");
    person.enter("拒绝 too early");
    expect(await person.shows("Not sent")).not.toContain("Sent: ");
    await person.shows(" (too early).");
    await person.shows("\n> ");
    person.enter("And again");
    await person.shows("approve / edit / reject: ");
    person.enter("退出");
    expect(await person.exitCode()).toBe(0);
  });

  it("says what went wrong, and tries again", async () => {
    await using own = await spawnServer({ flags: [`--models-dir=${folder.path}`] });
    await using person = new Terminal(["chat", `--url=${own.url}`], { cwd: folder.path });
    await person.shows("\n> ");
    await own.stop();
    person.enter("Hello, my name is Ada");
    await person.shows("The server did not answer");
    await person.shows("/retry tries again.");
    await own.start();
    person.enter("/retry");
    expect(await person.shows("I will remember your name")).toContain("Hello, Ada!");
  });

  it("starts a server of its own where none runs, and reads lines from a pipe", async () => {
    const flags = ["--port=1", "--default-model=demo", `--config=${OWN_GRAPHS}`];
    const { code, stdout } = await runCli(
      [
        "chat",
        ...flags,
        `--prompts-dir=${join(REPOSITORY, "prompts")}`,
        `--models-dir=${folder.path}`,
      ],
      { cwd: folder.path, input: "Hello, my name is Ada\nWhat is my name?\n" },
    );
    expect(stdout).toContain("a server of its own");
    expect(stdout).toContain("Your name is Ada.");
    expect(code).toBe(0);
  });

  it("names the server that does not answer", async () => {
    const { code, stderr } = await runCli(["chat", "--url=http://127.0.0.1:1"], {
      cwd: folder.path,
    });
    expect(stderr).toContain("No server answers at http://127.0.0.1:1");
    expect(code).toBe(1);
  });
});

describe.skipIf(process.platform !== "linux")("kagari chat where keys are asked for", () => {
  it("lets the operator of the data directory in, and nobody else", async () => {
    using place = tempFolder();
    const data = `--data-dir=${place.path}`;
    await using guarded = await spawnServer({ flags: [data, `--models-dir=${folder.path}`] });
    await runCli(["keys", "create", "--name", "ann", data], { cwd: folder.path });
    const at = (...flags: string[]) =>
      new Terminal(["chat", `--url=${guarded.url}`, ...flags], { cwd: folder.path });

    await using operator = at(data);
    await operator.shows("> ");
    operator.enter("hello there");
    expect(await operator.shows("I received")).not.toContain("API key");

    await using stranger = at();
    await stranger.shows("> ");
    stranger.enter("hello there");
    expect(await stranger.shows("asks for an API key")).not.toContain("I received");
  });
});
