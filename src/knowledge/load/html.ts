import { convert, type FormatCallback } from "html-to-text";
import { decodeText } from "./decode.ts";
import { markdownSections } from "./markdown.ts";
import type { Section } from "./section.ts";

/** What is on a page, but no text of it. */
const NO_TEXT = ["script", "style", "noscript", "template", "iframe", "object", "nav", "title"];
const HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"];
const MAX_DEPTH = 300;

/** Where a page says its encoding. */
const CHARSET = /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i;
const HEAD = 2048;

/** A page in sections by its headings. */
export function htmlSections(bytes: Uint8Array): Section[] {
  const head = Buffer.from(bytes.subarray(0, HEAD)).toString("latin1");
  return sectionsOfHtml(decodeText(bytes, CHARSET.exec(head)?.[1]));
}

/** The same of a page that is text already. */
export const sectionsOfHtml = (html: string): Section[] => markdownSections(withHeadings(html));

/** The text of a page, with its headings as Markdown has them. */
function withHeadings(html: string): string {
  const text = convert(html, {
    wordwrap: false,
    limits: { maxDepth: MAX_DEPTH, maxInputLength: Infinity },
    formatters: { heading },
    selectors: [
      ...NO_TEXT.map((selector) => ({ selector, format: "skip" })),
      ...HEADINGS.map((selector, index) => ({
        selector,
        format: "heading",
        options: { mark: "#".repeat(index + 1) },
      })),
      // Addresses are noise to a search; what they say is not.
      { selector: "a", options: { ignoreHref: true } },
      { selector: "img", format: "skip" },
      { selector: "table", format: "dataTable", options: { uppercaseHeaderCells: false } },
    ],
  });
  const [, title = ""] = /<title[^>]*>([^<]*)<\/title>/i.exec(html) ?? [];
  return title.trim() === "" || /^# /m.test(text) ? text : `# ${convert(title)}\n\n${text}`;
}

const heading: FormatCallback = (...[element, walk, builder, { mark }]) => {
  builder.openBlock({ leadingLineBreaks: 2 });
  builder.addLiteral(`${mark} `);
  walk(element.children, builder);
  builder.closeBlock({ trailingLineBreaks: 2 });
};
