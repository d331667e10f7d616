import { expect, it } from "vitest";
import { chunksOf } from "./chunk.ts";
import { wholeText } from "./whole-text.ts";

const words = (from: number, count: number): string =>
  Array.from({ length: count }, (_, index) => `word${from + index}`).join(" ");

it("tells everything once and in order, however it was cut", async () => {
  const sections = [
    { text: `# One\n${words(0, 500)}`, line: 1, place: { heading: "One" } },
    { text: `# Two\n${words(500, 3)}`, line: 3, place: { heading: "Two" } },
    { text: words(503, 400), line: 1, place: { page: 2 } },
  ];
  const chunks = await chunksOf(sections, 1000);
  expect(chunks.length).toBeGreaterThan(5);
  expect(wholeText(chunks).match(/word\d+/g)).toEqual(words(0, 903).split(" "));
});
