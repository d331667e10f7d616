import { describe, expect, it } from "vitest";
import { unsupportedSentences } from "./grounding.ts";

const PASSAGES = [
  { number: 1, text: "The blue lamp burns whale oil. It weighs 12 kilos." },
  { number: 2, text: "七天内可以无理由退货，运费由买家承担。" },
  { number: 3, text: "Chairs are made of oak and come in three sizes." },
];

describe("the sentences of an answer that nothing bears out", () => {
  it.each([
    ["The blue lamp burns whale oil [1]."],
    ["The lamp burns the oil of whales. [1] It weighs 12 kilos [1]."],
    ["在七天之内您可以退货，不需要理由 [2]。运费由买家自己承担。[2]"],
    ["Yes. Here is what the documents say:"],
    ["Would you like to know more about other lamps?"],
    ["蓝色的灯烧鲸油 [1]。"],
    [""],
  ])("are none in %s", (answer) => {
    expect(unsupportedSentences(answer, PASSAGES)).toEqual([]);
  });

  it.each([
    ["Elves made it long before anybody remembers [1].", "words that the passage has not"],
    ["The blue lamp burns whale oil [7].", "a passage that is not there"],
    ["The blue lamp weighs 15 kilos [1].", "another number"],
    ["本店还提供免费上门取件服务 [2]。", "other words in Chinese"],
    ["The blue lamp burns whale oil [3].", "words of another passage"],
  ])("has %s: %s", (sentence) => {
    const answer = `The blue lamp burns whale oil [1]. ${sentence}`;
    expect(unsupportedSentences(answer, PASSAGES)).toEqual([sentence]);
  });
});
