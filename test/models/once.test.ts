import { setImmediate } from "node:timers/promises";
import { AIMessage, HumanMessage, type BaseMessage } from "@langchain/core/messages";
import type { RunnableConfig } from "@langchain/core/runnables";
import { tool } from "@langchain/core/tools";
import {
  type BaseCheckpointSaver,
  Command,
  interrupt,
  type LangGraphRunnableConfig,
  MemorySaver,
  MessagesAnnotation,
  START,
  StateGraph,
  task,
} from "@langchain/langgraph";
import { ToolNode } from "@langchain/langgraph/prebuilt";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { chatModel, idempotencyKey, once, tools } from "../../src/graphkit.ts";
import { delta, fakeProvider, stream, text } from "../support/fake-provider.ts";
import { RUN } from "./once-graph.ts";
import { testRuntime } from "./support.ts";

type State = typeof MessagesAnnotation.State;
type Node = (state: State, config: LangGraphRunnableConfig) => Promise<Partial<State>>;
const AT_ONCE = { initialInterval: 1, jitter: false, logWarning: false };
const INPUT = { messages: [new HumanMessage("go")] };

const graphOf = (
  act: Node,
  { checkpointer, retryPolicy }: { checkpointer?: BaseCheckpointSaver; retryPolicy?: object } = {},
) =>
  new StateGraph(MessagesAnnotation)
    .addNode("act", act, retryPolicy ? { retryPolicy } : {})
    .addEdge(START, "act")
    .compile(checkpointer ? { checkpointer } : {});

/** A tool of one text that notes each call before it does what it is for. */
function noting(
  calls: string[],
  work: (text: string, config: RunnableConfig) => unknown = (said) => `did ${said}`,
  name = "note",
) {
  const [made] = tools(
    tool(
      async ({ said }: { said: string }, config: RunnableConfig) => {
        const result = await work(said, config);
        calls.push(said);
        return result;
      },
      { name, description: "Notes.", schema: z.object({ said: z.string() }) },
    ),
  );
  if (made === undefined) throw new Error("no tool");
  return made;
}

const asking = (...said: string[]): AIMessage =>
  new AIMessage({
    content: "",
    tool_calls: said.map((one, index) => ({ id: `${index}`, name: "note", args: { said: one } })),
  });

/** Fails the first time it is called. */
function failOnce(): () => void {
  let isFirst = true;
  return () => {
    const fails = isFirst;
    isFirst = false;
    if (fails) throw new Error("crash");
  };
}

/** Lets the graph fail, then continues it from its checkpoint. */
async function failAndContinue(graph: ReturnType<typeof graphOf>, config: RunnableConfig = RUN) {
  await expect(graph.invoke(INPUT, config)).rejects.toThrow("crash");
  return await graph.invoke(null, config);
}

const textOf = (messages: BaseMessage[]) => messages.map((message) => message.text);

describe("tools made for a graph", () => {
  it("give the result of a finished call again, told apart by its arguments", async () => {
    const calls: string[] = [];
    const keys: string[] = [];
    const crash = failOnce();
    const note = noting(calls, (said, config) => {
      keys.push(idempotencyKey(config));
      return `did ${said}`;
    });
    const graph = graphOf(
      async (_state, config) => {
        const results: unknown[] = [];
        for (const said of ["a", "b", "a"]) results.push(await note.invoke({ said }, config));
        crash();
        return { messages: [new AIMessage(results.join())] };
      },
      { checkpointer: new MemorySaver() },
    );
    const { messages } = await failAndContinue(graph);
    expect(calls).toEqual(["a", "b", "a"]);
    expect(new Set(keys).size).toBe(3);
    expect(textOf(messages)).toEqual(["go", "did a,did b,did a"]);
  });

  it("are called again after an error, with the same key", async () => {
    const keys: string[] = [];
    const crash = failOnce();
    const note = noting([], (said, config) => {
      keys.push(idempotencyKey(config));
      if (said === "fails") crash();
      return said;
    });
    const graph = graphOf(
      async (_state, config) => {
        const node = new ToolNode([note], { handleToolErrors: false });
        return await node.invoke({ messages: [asking("fails", "alike", "alike")] }, config);
      },
      { checkpointer: new MemorySaver() },
    );
    await failAndContinue(graph);
    const [failed, ...others] = keys;
    expect(keys.filter((key) => key === failed)).toHaveLength(2);
    expect(new Set(others).size).toBe(3);
  });

  it("are called again after they said that they failed", async () => {
    const calls: string[] = [];
    const crash = failOnce();
    const note = noting(calls, () => ({ status: "error" }));
    const graph = graphOf(
      async (_state, config) => {
        await note.invoke({ said: "a" }, config);
        crash();
        return {};
      },
      { checkpointer: new MemorySaver() },
    );
    await failAndContinue(graph);
    expect(calls).toEqual(["a", "a"]);
  });

  it("give a command again", async () => {
    const calls: string[] = [];
    const crash = failOnce();
    const update = { messages: [new AIMessage({ id: "x", content: "by command" })] };
    const note = noting(calls, () => new Command({ update }));
    const graph = graphOf(
      async (_state, config) => {
        const commands = await new ToolNode([note]).invoke({ messages: [asking("a")] }, config);
        crash();
        return commands;
      },
      { checkpointer: new MemorySaver() },
    );
    const { messages } = await failAndContinue(graph);
    expect(calls).toEqual(["a"]);
    expect(textOf(messages)).toEqual(["go", "by command"]);
  });

  it("are not called again by a retry of the node, nor by another run that goes on", async () => {
    const calls: string[] = [];
    const crash = failOnce();
    const note = noting(calls);
    const act: Node = async (_state, config) => {
      await note.invoke({ said: "a" }, config);
      crash();
      return {};
    };
    const checkpointer = new MemorySaver();
    await graphOf(act, { checkpointer, retryPolicy: AT_ONCE }).invoke(INPUT, RUN);
    expect(calls).toEqual(["a"]);
    const other = failOnce();
    const graph = graphOf(
      async (_state, config) => {
        await note.invoke({ said: "b" }, config);
        other();
        return {};
      },
      { checkpointer },
    );
    await expect(graph.invoke(INPUT, RUN)).rejects.toThrow("crash");
    await graph.invoke(null, { configurable: { ...RUN.configurable, run_id: "run-2" } });
    expect(calls).toEqual(["a", "b"]);
  });

  it("are called again when a run does a checkpoint's step over", async () => {
    const calls: string[] = [];
    const note = noting(calls);
    const graph = graphOf(
      async (_state, config) => {
        await note.invoke({ said: "a" }, config);
        return {};
      },
      { checkpointer: new MemorySaver() },
    );
    await graph.invoke(INPUT, RUN);
    let before: RunnableConfig = {};
    for await (const { next, config } of graph.getStateHistory(RUN))
      if (next[0] === "act") before = config;
    const again = { configurable: { ...before.configurable, run_id: "run-2" } };
    await graph.invoke(null, again);
    const forked = await graph.updateState(again, { messages: [new AIMessage("edited")] }, START);
    for (const run_id of ["run-3", "run-4", undefined, undefined])
      await graph.invoke(null, { configurable: { ...forked.configurable, run_id } });
    expect(calls).toHaveLength(6);
  });

  it("are not called again by a run that failed while it did a step over", async () => {
    const calls: string[] = [];
    let crash = () => {};
    const note = noting(calls);
    const graph = graphOf(
      async (_state, config) => {
        await note.invoke({ said: "a" }, config);
        crash();
        return {};
      },
      { checkpointer: new MemorySaver() },
    );
    await graph.invoke(INPUT, RUN);
    let before: RunnableConfig = {};
    for await (const { next, config } of graph.getStateHistory(RUN))
      if (next[0] === "act") before = config;
    crash = failOnce();
    const again = { configurable: { ...before.configurable, run_id: "run-2" } };
    await expect(graph.invoke(null, again)).rejects.toThrow("crash");
    await graph.invoke(null, { configurable: { thread_id: "t", run_id: "run-2" } });
    expect(calls).toEqual(["a", "a"]);
    crash = failOnce();
    const forked = await graph.updateState(again, { messages: [new AIMessage("edited")] }, START);
    const third = { configurable: { ...forked.configurable, run_id: "run-3" } };
    await graph.invoke(null, { configurable: forked.configurable ?? {} }).catch(() => {});
    crash = failOnce();
    await expect(graph.invoke(null, third)).rejects.toThrow("crash");
    await graph.invoke(null, third);
    expect(calls).toHaveLength(4);
  });

  it("keep apart what each was answered when two of them ask", async () => {
    const calls: string[] = [];
    const note = noting(calls, (said) => `${said}: ${String(interrupt(said))}`);
    const graph = graphOf(
      async (_state, config) =>
        await new ToolNode([note]).invoke({ messages: [asking("a", "b", "c")] }, config),
      { checkpointer: new MemorySaver() },
    );
    await graph.invoke(INPUT, RUN);
    await graph.invoke(new Command({ resume: "yes" }), RUN);
    await graph.invoke(new Command({ resume: "no" }), RUN);
    const { messages } = await graph.invoke(new Command({ resume: "perhaps" }), RUN);
    expect(calls).toEqual(["a", "b", "c"]);
    expect(textOf(messages).slice(1)).toEqual(["a: yes", "b: no", "c: perhaps"]);
  });

  it("keep to each its answer when the one that asked last finished first", async () => {
    let attempts = 0;
    const answered = Promise.withResolvers<void>();
    const note = noting([], async (said) => {
      const answer = String(interrupt(said));
      if (said === "b") answered.resolve();
      if (said === "a" && ++attempts < 3) {
        if (attempts === 2) await answered.promise;
        await setImmediate();
        throw new Error("crash");
      }
      return `${said}: ${answer}`;
    });
    const graph = graphOf(
      async (_state, config) => {
        const node = new ToolNode([note], { handleToolErrors: false });
        return await node.invoke({ messages: [asking("a", "b")] }, config);
      },
      { checkpointer: new MemorySaver() },
    );
    await graph.invoke(INPUT, RUN);
    await graph.invoke(new Command({ resume: "yes" }), RUN);
    await expect(graph.invoke(new Command({ resume: "no" }), RUN)).rejects.toThrow("crash");
    const { messages } = await graph.invoke(null, RUN);
    expect(textOf(messages).slice(1)).toEqual(["a: yes", "b: no"]);
  });

  it("leave to the node's own interrupt its answer", async () => {
    const calls: string[] = [];
    const note = noting(calls, (said) => `${said}: ${String(interrupt(said))}`);
    const graph = graphOf(
      async (_state, config) => {
        const noted: unknown = await note.invoke({ said: "tool" }, config);
        return {
          messages: [new AIMessage(`${String(noted)}, node: ${String(interrupt("node"))}`)],
        };
      },
      { checkpointer: new MemorySaver() },
    );
    await graph.invoke(INPUT, RUN);
    await graph.invoke(new Command({ resume: "yes" }), RUN);
    const { messages } = await graph.invoke(new Command({ resume: "no" }), RUN);
    expect(calls).toEqual(["tool"]);
    expect(textOf(messages)).toEqual(["go", "tool: yes, node: no"]);
  });

  it("keep their own answers, those of tools in a step too, through a crash", async () => {
    const controller = new AbortController();
    const { signal } = controller;
    /** As in a process that dies, what the node did is not told to LangGraph. */
    const die = async () => {
      if (signal.aborted) return;
      controller.abort();
      await new Promise(() => {});
    };
    const note = noting([], (said) => String(interrupt(said)));
    const graph = graphOf(
      async (_state, config) => {
        const ask = async (own?: RunnableConfig) => String(await note.invoke({ said: "x" }, own));
        const first = await once("first", ask, config);
        const second = await once(
          "second",
          async (own) => {
            const answer = await ask(own);
            await die();
            return answer;
          },
          config,
        );
        const third = String(interrupt("node"));
        return { messages: [new AIMessage([first, second, third].join())] };
      },
      { checkpointer: new MemorySaver() },
    );
    await graph.invoke(INPUT, RUN);
    await graph.invoke(new Command({ resume: "1" }), RUN);
    const dying = graph.invoke(new Command({ resume: "2" }), { ...RUN, signal });
    await expect(dying).rejects.toThrow(/abort/i);
    await graph.invoke(null, RUN);
    const { messages } = await graph.invoke(new Command({ resume: "3" }), RUN);
    expect(textOf(messages)).toEqual(["go", "1,2,3"]);
  });

  it("leave to LangGraph the graphs that they run", async () => {
    const steps: string[] = [];
    const keys: string[] = [];
    const crash = failOnce();
    const inner = graphOf(async ({ messages }, config) => {
      const said = messages.at(-1)?.text ?? "";
      if (said === "b") crash();
      keys.push(idempotencyKey(config));
      steps.push(said);
      return { messages: [new AIMessage(`inner ${said}`)] };
    });
    const note = noting([], async (said, config) => {
      keys.push(idempotencyKey(config));
      const { messages } = await inner.invoke({ messages: [new HumanMessage(said)] }, config);
      return messages.at(-1)?.text;
    });
    const graph = graphOf(
      async (_state, config) => {
        const use = async (said: string) =>
          await once(said, async (own) => String(await note.invoke({ said }, own)), config);
        return { messages: [new AIMessage([await use("a"), await use("b")].join())] };
      },
      { checkpointer: new MemorySaver() },
    );
    const { messages } = await failAndContinue(graph);
    expect(textOf(messages)).toEqual(["go", "inner a,inner b"]);
    expect(steps).toEqual(["a", "b"]);
    expect(new Set(keys).size).toBe(4);
  });

  it("leave to LangGraph the tasks that they run, and keep what tasks call", async () => {
    const calls: string[] = [];
    const crash = failOnce();
    const note = noting(calls);
    const noteTwice = task("twice", async (said: string) => {
      const once: unknown = await note.invoke({ said });
      if (said === "b") crash();
      return `${String(once)} twice`;
    });
    const twice = noting([], async (said) => await noteTwice(said), "twice");
    const graph = graphOf(
      async (_state, config) => {
        const use = async (said: string) =>
          await once(said, async (own) => String(await twice.invoke({ said }, own)), config);
        return { messages: [new AIMessage([await use("a"), await use("b")].join())] };
      },
      { checkpointer: new MemorySaver() },
    );
    const { messages } = await failAndContinue(graph);
    expect(textOf(messages)).toEqual(["go", "did a twice,did b twice"]);
    expect(calls).toEqual(["a", "b"]);
  });

  it("are found by a retry in a run that was continued, and not looked for in a first run", async () => {
    const calls: string[] = [];
    let failures = 3;
    let reads = 0;
    const note = noting(calls);
    const checkpointer = new MemorySaver();
    const getTuple = checkpointer.getTuple.bind(checkpointer);
    checkpointer.getTuple = async (config) => {
      reads++;
      return await getTuple(config);
    };
    const graph = graphOf(
      async (_state, config) => {
        await note.invoke({ said: "a" }, config);
        if (failures < 2) await note.invoke({ said: "b" }, config);
        if (failures-- > 0) throw new Error("crash");
        return {};
      },
      { checkpointer, retryPolicy: { ...AT_ONCE, maxAttempts: 2 } },
    );
    await failAndContinue(graph);
    expect(calls).toEqual(["a", "b"]);
    reads = 0;
    await graph.invoke(INPUT, RUN);
    expect(reads).toBe(1);
  });

  it.each(["tool", "model"])(
    "or a %s are not called by a worker that lost the run",
    async (kind) => {
      await using provider = await fakeProvider(text("ok"));
      using _ = testRuntime({ fake: { url: provider.url } });
      const calls: string[] = [];
      const note = noting(calls);
      const checkpointer = new MemorySaver();
      const model = chatModel();
      const graph = graphOf(
        async ({ messages }, config) => {
          await model.invoke(messages, config);
          checkpointer.putWrites = async () => await Promise.reject(new Error("lost"));
          if (kind === "tool") await note.invoke({ said: "a" }, config);
          else await model.invoke(messages, config);
          return {};
        },
        { checkpointer },
      );
      await expect(graph.invoke(INPUT, RUN)).rejects.toThrow("lost");
      expect(calls).toEqual([]);
      expect(provider.requests).toHaveLength(1);
    },
  );

  it("work without a checkpointer and outside of a graph as they are", async () => {
    const calls: string[] = [];
    const keys: string[] = [];
    const note = noting(calls, (_said, config) => keys.push(idempotencyKey(config)));
    await note.invoke({ said: "a" });
    await note.invoke({ said: "a" });
    await graphOf(async (_state, config) => {
      const asked = { messages: [asking("b", "b")] };
      return await new ToolNode([note]).invoke(asked, config);
    }).invoke(INPUT);
    expect(calls).toEqual(["a", "a", "b", "b"]);
    expect(new Set(keys).size).toBe(4);
  });

  it("are wrapped once, and given once", () => {
    const [note] = tools(noting([]));
    expect(note && tools(note, "clock", note)).toMatchObject([{ name: "note" }, { name: "clock" }]);
    expect(note && tools(note)[0]).toBe(note);
  });
});

describe("once", () => {
  it("does each of its steps once, those inside of others too", async () => {
    const done: string[] = [];
    const crash = failOnce();
    const step = async (name: string, config?: RunnableConfig) =>
      await once(name, async () => done.push(name), config);
    const graph = graphOf(
      async (_state, config) => {
        await once(
          "outer",
          async (own) => {
            await step("inner", own);
            done.push("outer");
          },
          config,
        );
        crash();
        await step("inner", config);
        return {};
      },
      { checkpointer: new MemorySaver() },
    );
    await failAndContinue(graph);
    expect(done).toEqual(["inner", "outer", "inner"]);
  });

  it("keeps nothing under durability exit", async () => {
    const saver = new MemorySaver();
    const graph = graphOf(
      async (_state, config) => {
        await once("step", async () => 1, config);
        return {};
      },
      { checkpointer: saver },
    );
    await graph.invoke(INPUT, { ...RUN, durability: "exit" });
    expect(JSON.stringify(saver.writes)).not.toContain("__return__");
  });
});

describe("idempotencyKey", () => {
  it("is one for each step of a graph and label, the same when it is attempted again", async () => {
    const keys: string[] = [];
    const crash = failOnce();
    const graph = graphOf(
      async (_state, config) => {
        keys.push(idempotencyKey(config), idempotencyKey(config, "mail"));
        crash();
        return {};
      },
      { checkpointer: new MemorySaver() },
    );
    await failAndContinue(graph);
    expect(keys.slice(2)).toEqual(keys.slice(0, 2));
    await graph.invoke(INPUT, RUN);
    await graph.invoke(INPUT, { configurable: { thread_id: "other" } });
    expect(new Set(keys).size).toBe(6);
    expect(keys[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-8[\da-f]{3}-[\da-f]{12}$/);
  });

  it("tells a tool's calls apart though nothing wraps it", async () => {
    const keys: string[] = [];
    const plain = tool((_input, config: RunnableConfig) => keys.push(idempotencyKey(config)), {
      name: "note",
      description: "Notes.",
      schema: z.object({}),
    });
    await graphOf(
      async (_state, config) =>
        await new ToolNode([plain]).invoke({ messages: [asking("a", "a")] }, config),
    ).invoke(INPUT);
    expect(new Set(keys).size).toBe(2);
  });
});

describe("model calls of a graph", () => {
  it("are not made again in a run whose node makes several", async () => {
    await using provider = await fakeProvider(text("one"), text("two"), text("three"));
    using _ = testRuntime({ fake: { url: provider.url } });
    const crash = failOnce();
    const model = chatModel();
    const graph = graphOf(
      async ({ messages }, config) => {
        const said = [...messages];
        const first = await model.invoke(said, config);
        said.push(first);
        const whole: string[] = [];
        for await (const chunk of await model.stream(said, config)) whole.push(chunk.text);
        crash();
        return { messages: [first, new AIMessage(whole.join(""))] };
      },
      { checkpointer: new MemorySaver() },
    );
    const { messages } = await failAndContinue(graph);
    expect(provider.requests).toHaveLength(2);
    expect(textOf(messages)).toEqual(["go", "one", "two"]);
  });

  it("are made again by a retry of the node and by another run", async () => {
    await using provider = await fakeProvider(text("ok"));
    using _ = testRuntime({ fake: { url: provider.url } });
    let attempts = 0;
    const model = chatModel();
    const act: Node = async ({ messages }, config) => {
      await Promise.all([model.invoke(messages, config), model.invoke(messages, config)]);
      if (++attempts % 3 !== 0) throw new Error("crash");
      return {};
    };
    const retryPolicy = { ...AT_ONCE, maxAttempts: 2 };
    const graph = graphOf(act, { checkpointer: new MemorySaver(), retryPolicy });
    await expect(graph.invoke(INPUT, RUN)).rejects.toThrow("crash");
    expect(provider.requests).toHaveLength(4);
    await graph.invoke(null, { configurable: { ...RUN.configurable, run_id: "run-2" } });
    expect(provider.requests).toHaveLength(6);
  });

  it("are kept by LangGraph alone where a node makes only one", async () => {
    await using provider = await fakeProvider(text("ok"));
    using _ = testRuntime({ fake: { url: provider.url } });
    const saver = new MemorySaver();
    const graph = graphOf(
      async ({ messages }, config) => ({ messages: [await chatModel().invoke(messages, config)] }),
      { checkpointer: saver },
    );
    await graph.invoke(INPUT, RUN);
    expect(JSON.stringify(saver.writes)).not.toContain("__return__");
  });

  it("stream the same message that the node returns", async () => {
    await using provider = await fakeProvider(text("one"), text("two"));
    using _ = testRuntime({ fake: { url: provider.url } });
    const model = chatModel();
    const graph = graphOf(
      async ({ messages }, config) => {
        const first = await model.invoke(messages, config);
        return { messages: [first, await model.invoke([...messages, first], config)] };
      },
      { checkpointer: new MemorySaver() },
    );
    const said = new Map<string | undefined, string>();
    const stream = await graph.stream(INPUT, { ...RUN, streamMode: "messages" });
    for await (const [chunk] of stream) said.set(chunk.id, (said.get(chunk.id) ?? "") + chunk.text);
    const { values } = await graph.getState(RUN);
    const [, ...answers] = MessagesState.parse(values).messages;
    expect(answers.map(({ id, text: whole }) => [id, whole])).toEqual([...said]);
  });

  it("end with the run's signal, and leave the answer before them to the next attempt", async () => {
    const beginning = stream([delta({ role: "assistant", content: "t" })], { isOpen: true });
    await using provider = await fakeProvider(text("one"), beginning, text("two"));
    using _ = testRuntime({ fake: { url: provider.url } });
    const model = chatModel();
    const graph = graphOf(
      async ({ messages }, config) => {
        const first = await model.invoke(messages, config);
        return { messages: [first, await model.invoke([...messages, first], config)] };
      },
      { checkpointer: new MemorySaver() },
    );
    const controller = new AbortController();
    const { signal } = controller;
    const reading = async () => {
      for await (const [chunk] of await graph.stream(INPUT, {
        ...RUN,
        signal,
        streamMode: "messages",
      }))
        if (chunk.text === "t") controller.abort();
    };
    await expect(reading()).rejects.toThrow(/abort/i);
    await provider.clientClosed();
    const { messages } = await graph.invoke(null, RUN);
    expect(provider.requests).toHaveLength(3);
    expect(textOf(messages)).toEqual(["go", "one", "two"]);
  });
});

const MessagesState = z.object({ messages: z.array(z.custom<BaseMessage>()) });
