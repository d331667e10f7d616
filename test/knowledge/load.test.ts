import { afterAll, describe, expect, it } from "vitest";
import { kindOf } from "../../src/domain/document-kind.ts";
import { ProcessLoader } from "../../src/knowledge/load/process-loader.ts";
import { docx, docxFiles, ENCRYPTED, pdf, zip } from "../support/documents.ts";

const LIMITS = {
  expandedBytes: 32 * 1024 * 1024,
  ratio: 200,
  pages: 3,
  chunks: 200,
  memoryMb: 400,
  seconds: 60,
};
const loader = new ProcessLoader(LIMITS);
afterAll(() => loader.close());

const never = new AbortController().signal;

const load = (name: string, bytes: Uint8Array, by = loader) =>
  by.load({ type: kindOf({ name, head: bytes }), content: bytes }, never);

/** Why a file is refused. */
async function why(name: string, bytes: Uint8Array, by = loader): Promise<string> {
  try {
    await load(name, bytes, by);
  } catch (error) {
    return String(error);
  }
  return "it was read";
}

describe("documents are read with their places", () => {
  it("PDF by pages", async () => {
    const pages = [["The blue lamp", "burns whale oil."], [], ["Third page."]];
    expect(await load("guide.pdf", pdf(pages))).toEqual([
      { text: "The blue lamp\nburns whale oil.", page: 1, first_line: 1, last_line: 2 },
      { text: "Third page.", page: 3, first_line: 1, last_line: 1 },
    ]);
  });

  it("Word documents by headings", async () => {
    expect(await load("guide.docx", docx("灯具", "The blue lamp."))).toMatchObject([
      { text: "# 灯具\n\nThe blue lamp.", heading: "灯具" },
    ]);
  });

  it("HTML by headings, without what is no text", async () => {
    const long = "Whale oil. ".repeat(60);
    const html = `<html><head><title>Shop</title><style>p{}</style></head><body><nav>Menu</nav>
      <h1>Lamps</h1><p>${long}</p><h2>Oil &amp; gas</h2><p>It <a href="http://x.example">burns</a>.</p>
      <table><tr><td>blue</td><td>3</td></tr></table><script>alert(1)</script></body></html>`;
    const chunks = await load("guide.html", Buffer.from(html));
    expect(chunks.map(({ heading }) => heading)).toEqual(["Lamps", "Lamps > Oil & gas"]);
    const text = chunks.map((chunk) => chunk.text).join("\n");
    expect(text).toMatch(/It burns\.\s+blue\s+3/);
    expect(text).not.toMatch(/Menu|alert|x\.example|p\{\}/);
  });

  it("Markdown by headings, not those in code", async () => {
    const long = "Whale oil. ".repeat(60);
    const text = `# Lamps\n\n${long}\n\n\`\`\`sh\n# no heading\n\`\`\`\n\nOil\n---\n\nburns\n`;
    expect(await load("guide.md", Buffer.from(text))).toMatchObject([
      { heading: "Lamps", first_line: 1, last_line: 7 },
      { text: "Oil\n---\n\nburns", heading: "Lamps > Oil", first_line: 9, last_line: 12 },
    ]);
  });

  it.each([
    ["prices.csv", ","],
    ["prices.csv", ";"],
    ["prices.tsv", "\t"],
  ])("tables by rows: %s with %j", async (name, sign) => {
    const rows = Array.from({ length: 40 }, (_, at) => [
      `"lamp\n${at}"`,
      String(at),
      "x".repeat(20),
    ]);
    const text = [["name", "price", "note"], ...rows].map((cells) => cells.join(sign)).join("\n");
    const chunks = await load(name, Buffer.from(text));
    expect(chunks[0]).toMatchObject({ first_row: 1, first_line: 2 });
    expect(chunks[0]?.text).toMatch(/^name: lamp\n0\nprice: 0\nnote: x+\nname: lamp\n1/);
    expect(chunks.at(-1)).toMatchObject({ last_row: 40, last_line: 81 });
  });

  it("JSON by paths, and lines of JSON by lines", async () => {
    const item = (at: number) => ({ name: `lamp ${at}`, tags: ["a", "b"], note: "x".repeat(400) });
    const text = JSON.stringify({ items: [item(0), item(1), item(2)], "odd key": "y".repeat(900) });
    expect(await load("shop.json", Buffer.from(text))).toMatchObject([
      { path: "$.items[0]", text: expect.stringMatching(/^name: lamp 0\ntags: a, b\nnote: x+$/) },
      { path: "$.items[1]" },
      { path: "$.items[2]" },
      { path: '$["odd key"]' },
    ]);
    const lines = [0, 1].map((at) => JSON.stringify(item(at))).join("\n\n");
    expect(await load("shop.jsonl", Buffer.from(lines))).toMatchObject([
      { first_line: 1, last_line: 1 },
      { first_line: 3, last_line: 3 },
    ]);
  });
});

describe("text is read in the encoding it is in", () => {
  const CHINESE = "七天内可以无理由退货，运费由买家承担。";
  const gb18030 = Buffer.from(
    "c6dfccecc4dabfc9d2d4cedec0edd3c9cdcbbbf5a3acd4cbb7d1d3c9c2f2bcd2b3d0b5a3a1a3",
    "hex",
  );
  const utf16 = Buffer.from(`${CHINESE}\n`, "utf16le");
  it.each([
    ["GB18030", gb18030, CHINESE],
    ["UTF-8 with a mark", Buffer.from(`\uFEFF${CHINESE}`), CHINESE],
    ["UTF-16 with a mark", Buffer.from(`\uFEFF${CHINESE}`, "utf16le"), CHINESE],
    ["UTF-16 without one", utf16, CHINESE],
    ["UTF-16, big end first", Buffer.from(utf16).swap16(), CHINESE],
    ["Latin 1", Buffer.from("Le café est déjà fermé.", "latin1"), "Le café est déjà fermé."],
    ["Big5", Buffer.from("a46ba4d1a4baa569a548b54c", "hex"), "女天內可以無"],
    ["UTF-8 that was cut", Buffer.from(CHINESE.repeat(9)).subarray(0, -1), CHINESE],
  ])("%s", async (_, bytes, text) => {
    expect((await load("a.txt", bytes))[0]?.text).toContain(text);
  });
});

describe("what cannot be read is refused with the reason", () => {
  const deep = `${"[".repeat(5000)}1${"]".repeat(5000)}`;
  const laughs = `<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY a "${"x".repeat(1000)}">${Array.from(
    { length: 9 },
    (_, at) => {
      const [name, of] = ["bcdefghij"[at], "abcdefghi"[at]];
      return `<!ENTITY ${name} "${`&${of};`.repeat(10)}">`;
    },
  ).join(
    "",
  )}]><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body><w:p><w:r><w:t>&j;</w:t></w:r></w:p></w:body></w:document>`;
  const bomb = Buffer.alloc(64 * 1024 * 1024, "x");
  it.each([
    ["an encrypted PDF", "a.pdf", pdf([["x"]], ENCRYPTED), /encrypted/],
    ["a PDF with its end cut off", "a.pdf", pdf([["x"]]).subarray(0, 100), /damaged/],
    ["a PDF of too many pages", "a.pdf", pdf([[], [], [], []]), /4 pages.*document_max_pages/],
    ["a PDF without text", "a.pdf", pdf([[]]), /no text.*scanned/],
    ["a PDF that is none", "a.pdf", Buffer.from("hello"), /called a PDF/],
    ["a Word document that is none", "a.docx", Buffer.from("hello"), /called a Word document/],
    ["a zip called .docx", "a.docx", zip({ "x.txt": "hello" }), /no Word document/],
    ["a zip", "a.zip", zip({ "x.txt": "hello" }), /zip archive/],
    ["a cut zip", "a.docx", docx("a", "b").subarray(0, 300), /damaged/],
    ["a zip bomb", "a.docx", zip({ "word/document.xml": bomb }), /unpacks to more/],
    ["a zip that lies", "a.docx", zip({ "word/document.xml": bomb }, 1000), /damaged/],
    [
      "names that lead elsewhere",
      "a.docx",
      zip({ ...docxFiles("a", "b"), "../../etc/passwd": "x" }),
      /damaged: invalid relative path/,
    ],
    [
      "billion laughs",
      "a.docx",
      zip({ ...docxFiles("a", "b"), "word/document.xml": laughs }),
      /entity|no text|damaged/i,
    ],
    ["an encrypted Office file", "a.docx", Buffer.from("d0cf11e0a1b11ae1", "hex"), /docx|Word/],
    ["a program", "a.txt", Buffer.from("\x7fELF\x02\x01"), /a program/],
    ["binary data", "a.txt", Buffer.from([1, 2, 3, 4, 0, 0, 7, 0, 9, 0]), /binary data/],
    ["deep JSON", "a.json", Buffer.from(deep), /nested/],
    ["half a JSON", "a.json", Buffer.from('{"a": '), /not valid JSON/],
    ["a bad line", "a.jsonl", Buffer.from('{"a": 1}\n{"a"}\n'), /in line 2/],
    ["nothing", "a.md", Buffer.from(" \n"), /no text/],
    ["a table of a head alone", "a.csv", Buffer.from("a,b\n"), /no text/],
    ["too many chunks", "a.txt", Buffer.from("a b c ".repeat(50_000)), /document_max_chunks/],
  ])("%s", async (_, name, bytes, reason) => {
    expect(await why(name, bytes)).toMatch(reason);
  });

  it("reads a PDF for what it is, whatever it is called", async () => {
    expect(await load("notes.txt", pdf([["hello"]]))).toMatchObject([{ text: "hello", page: 1 }]);
  });

  it("ends a reader that takes too long or too much memory, and reads on", async () => {
    const hasty = new ProcessLoader({ ...LIMITS, seconds: 0.5 });
    const slow = Buffer.from("<div>".repeat(200_000));
    expect(await why("a.html", slow, hasty)).toMatch(/longer than 0.5 s.*document_max_seconds/);
    hasty.close();
    const large = Buffer.from(`[${"[],".repeat(20_000_000)}1]`);
    expect(await why("a.json", large)).toMatch(/more than 400 MB.*document_max_memory_mb/);
    expect(await load("a.html", Buffer.from("<p>hello"))).toMatchObject([{ text: "hello" }]);
  });

  it("stops reading when nobody waits for it any more", async () => {
    const controller = new AbortController();
    const slow = Buffer.from("<div>".repeat(200_000));
    const reading = loader.load({ type: "text/html", content: slow }, controller.signal);
    controller.abort(new Error("gone"));
    await expect(reading).rejects.toThrow("gone");
  });
});
