import { describe, expect, it } from "vitest";
import { queryWords, searchText } from "./words.ts";

describe("the words of a text", () => {
  it("are folded, each once, and of Chinese every two signs and the last", () => {
    expect(searchText(["Ａ Lamp, a lamp!", "火车票 3 張"])).toBe(" a lamp 火车 车票 票 3 張");
    expect(searchText(["Größe naïve", "ひらがな"])).toBe(" größe naïve ひら らが がな な");
    expect(searchText(["…", ""])).toBe("");
  });

  it("hold no sign that means something in a pattern of SQL", () => {
    expect(searchText(["100% a_b \\ 'x'"])).toBe(" 100 a b x");
  });

  it("are bounded in number, those of a query too", () => {
    const many = Array.from({ length: 30_000 }, (_, index) => `w${index}`).join(" ");
    expect(searchText([many]).split(" ")).toHaveLength(20_001);
    expect(queryWords(many)).toHaveLength(32);
  });

  it("of a query leave out the last sign of a Chinese run, but not one alone", () => {
    expect(queryWords("火车票 Lamp lamp 灯")).toEqual(["火车", "车票", "lamp", "灯"]);
  });
});
