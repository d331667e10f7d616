import * as fake from "../support/fake-provider.ts";

export const DOCUMENTS = [
  { title: "lamps.md", text: "Lamps cost 5 yuan.\n\nChairs cost 40 yuan." },
  { title: "灯.md", text: "台灯有蓝色和红色。" },
];
export const QUESTION = "lamps: cost and 颜色?";
export const INPUT = { question: QUESTION, documents: DOCUMENTS };
export const PLAN = ["what do lamps cost", "台灯的颜色"];

export type Part = "plan" | "cost" | "colour" | "report";

export function partOf({ body }: fake.RecordedRequest): Part {
  const asked = JSON.stringify(body["messages"]);
  if (asked.includes("## ")) return "report";
  if (!asked.includes("[1]")) return "plan";
  return asked.includes("台灯的颜色") ? "colour" : "cost";
}

export const ANSWERS: Record<Part, fake.Answer> = {
  plan: fake.text(JSON.stringify({ steps: PLAN })),
  cost: fake.text("They cost 5 yuan [1]."),
  colour: fake.text("蓝色和红色 [1]，也许 [7]。"),
  report: fake.text("5 yuan [1], blue and red [2], green [9]."),
};

export const FIELDS = { structured_output: "json_schema", retries: 0 };

/** Answers by what is asked; steps come in parallel. */
export function answering(answers: Partial<Record<Part, fake.Answer>> = {}): fake.Answer {
  return (response, request) => {
    const part = partOf(request);
    (answers[part] ?? ANSWERS[part])(response, request);
  };
}

export const partsOf = (provider: fake.FakeProvider): Part[] => provider.requests.map(partOf);
