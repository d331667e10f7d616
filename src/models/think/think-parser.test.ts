import { describe, expect, it } from "vitest";
import {
  splitThinking,
  ThinkParser,
  type SplitText,
  type ThinkParserOptions,
} from "./think-parser.ts";

function parse(pieces: readonly string[], options: ThinkParserOptions = {}): SplitText {
  const parser = new ThinkParser(options);
  const parts = [...pieces.map((piece) => parser.push(piece)), parser.end()];
  return {
    content: parts.map(({ content }) => content).join(""),
    reasoning: parts.map(({ reasoning }) => reasoning).join(""),
  };
}

/** A small generator of numbers below a bound, the same in every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

function cut(text: string, next: (below: number) => number): string[] {
  const pieces: string[] = [];
  for (let at = 0; at < text.length;) {
    const size = 1 + next(next(3) === 0 ? 12 : 3);
    pieces.push(text.slice(at, at + size));
    at += size;
  }
  return pieces;
}

const CASES: [string, string, ThinkParserOptions, SplitText][] = [
  ["a pair", "<think>hm</think>ok", {}, { reasoning: "hm", content: "ok" }],
  [
    "blanks around",
    "\n <think>\n a b \n</think>\n\nok \n",
    {},
    { reasoning: "a b", content: "ok \n" },
  ],
  ["an empty pair", "<think>\n\n</think>\n\nok", {}, { reasoning: "", content: "ok" }],
  ["never closed", "<think>cut of", {}, { reasoning: "cut of", content: "" }],
  [
    "closed only, as told",
    "hm\n</think>\n\nok",
    { isOpen: true },
    { reasoning: "hm", content: "ok" },
  ],
  [
    "opened although told",
    "<think>hm</think>ok",
    { isOpen: true },
    { reasoning: "hm", content: "ok" },
  ],
  ["told and never closed", "hm hm", { isOpen: true }, { reasoning: "hm hm", content: "" }],
  [
    "tags in code later on",
    "see ```<think>x</think>```",
    {},
    { reasoning: "", content: "see ```<think>x</think>```" },
  ],
  [
    "tags after the thinking",
    "<think>a</think>b <think>c</think>",
    {},
    { reasoning: "a", content: "b <think>c</think>" },
  ],
  [
    "tags that are not",
    "<think>a </thin k> <b></think>c",
    {},
    { reasoning: "a </thin k> <b>", content: "c" },
  ],
  ["an almost tag", "<thinker> ok", {}, { reasoning: "", content: "<thinker> ok" }],
  ["half a tag and the end", "<thi", {}, { reasoning: "", content: "<thi" }],
  ["half a closing tag and the end", "<think>a </th", {}, { reasoning: "a </th", content: "" }],
  ["nothing", "", {}, { reasoning: "", content: "" }],
  ["blanks only", " \n", {}, { reasoning: "", content: " \n" }],
  ["plain text", "  plain </think> text", {}, { reasoning: "", content: "  plain </think> text" }],
  ["Chinese", "<think>嗯，想想。</think>答案", {}, { reasoning: "嗯，想想。", content: "答案" }],
];

describe("ThinkParser", () => {
  it.each(CASES)("splits %s", (_, text, options, expected) => {
    expect(parse([text], options)).toEqual(expected);
  });

  it.each(CASES)("splits %s the same however it is cut", (_, text, options, expected) => {
    expect(
      parse(
        Array.from({ length: text.length }, (_each, at) => text.charAt(at)),
        options,
      ),
    ).toEqual(expected);
    const next = numbers(text.length + 1);
    for (let round = 0; round < 200; round++) {
      const pieces = cut(text, next);
      expect(parse(pieces, options), JSON.stringify(pieces)).toEqual(expected);
    }
  });

  it("splits random tags and words the same, whole or cut", () => {
    const words = ["<think>", "</think>", "<", "</th", " ", "\n", "a", "想", "<think", ">", "```"];
    const next = numbers(7);
    for (let round = 0; round < 3000; round++) {
      const text = Array.from({ length: next(14) }, () => words[next(words.length)] ?? "").join("");
      const options = { isOpen: next(2) === 0 };
      const pieces = cut(text, next);
      expect(parse(pieces, options), JSON.stringify(pieces)).toEqual(parse([text], options));
    }
  });

  it("loses no word of the answer and adds none", () => {
    const next = numbers(3);
    const words = ["<b>", "</think>", " ", "x", "\n", "</", "好"];
    for (let round = 0; round < 1000; round++) {
      const answer = `x${Array.from({ length: next(9) }, () => words[next(words.length)] ?? "").join("")}`;
      const { content } = parse(cut(`<think>t</think>${answer}`, next));
      expect(content).toBe(answer);
      expect(parse(cut(answer, next)).content).toBe(answer);
    }
  });

  it("gives text of the answer at once", () => {
    const parser = new ThinkParser();
    expect(parser.push("Hi")).toEqual({ content: "Hi", reasoning: "" });
    expect(parser.push(" <th")).toEqual({ content: " <th", reasoning: "" });
  });

  it("takes time in step with the length, on the worst of cuts", () => {
    const pieces = (count: number) => [
      "<think>",
      ...Array.from({ length: count }, (_, at) => ["<", "/", " ", "\n"][at % 4] ?? ""),
    ];
    const time = (count: number): number => {
      const list = pieces(count);
      const start = performance.now();
      parse(list);
      return performance.now() - start;
    };
    time(50_000);
    const short = Math.min(time(50_000), time(50_000), time(50_000));
    const long = Math.min(time(400_000), time(400_000));
    expect(long).toBeLessThan(Math.max(20, short) * 32);
  });
});

describe("splitThinking", () => {
  it.each([
    ["hm\n</think>\nok", true, { reasoning: "hm", content: "ok" }],
    ["hm</think>", true, { reasoning: "hm", content: "" }],
    ["hm\n</think>\nok", false, { reasoning: "", content: "hm\n</think>\nok" }],
    ["plain", true, { reasoning: "", content: "plain" }],
    [
      "models end with </think> then",
      true,
      { reasoning: "", content: "models end with </think> then" },
    ],
    ["see <think>t</think>", true, { reasoning: "", content: "see <think>t</think>" }],
    ["<think>hm</think>see </think>", true, { reasoning: "hm", content: "see </think>" }],
  ])("of %j, which may only close: %s", (text, mayClose, expected) => {
    expect(splitThinking(text, { mayClose })).toEqual(expected);
  });
});
