import { Annotation, START, StateGraph } from "@langchain/langgraph";
import { z } from "zod";

const Plain = z.object({
  topic: z.string().describe("What it is about"),
  lines: z.array(z.string()).default([]),
});
const Asked = z.object({ topic: z.string() });
const Told = z.object({ lines: z.array(z.string()) });
const Tone = z.object({ tone: z.enum(["calm", "loud"]).default("calm") });

/** State, input, output and context as plain zod objects. */
export const plain = new StateGraph({ state: Plain, input: Asked, output: Told, context: Tone })
  .addNode("write", ({ topic }) => ({ lines: [topic] }))
  .addEdge(START, "write")
  .compile();

const Annotated = Annotation.Root({ topic: Annotation<string>, lines: Annotation<string[]> });

/** A state without a schema. */
export const annotated = new StateGraph(Annotated)
  .addNode("write", ({ topic }) => ({ lines: [topic] }))
  .addEdge(START, "write")
  .compile();

/** A graph two levels deep. */
export const deep = new StateGraph(Plain)
  .addNode("outer", new StateGraph(Plain).addNode("inner", plain).addEdge(START, "inner").compile())
  .addEdge(START, "outer")
  .compile();
