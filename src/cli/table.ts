/** Signs that take two columns of a terminal: those of Chinese, Japanese and Korean, full width, emoji. */
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\u3000-\u303F\uFF01-\uFF60\uFFE0-\uFFE6]|\p{Emoji_Presentation}/u;
const NO_WIDTH = /[\p{Mark}\p{Cf}]/u;
/** What would move the cursor or change colours: nothing of a config may. */
const CONTROL = /[\p{Cc}\u2028\u2029\u202A-\u202E\u2066-\u2069]/gu;

const widthOfSign = (sign: string): number => {
  if (NO_WIDTH.test(sign)) return 0;
  return WIDE.test(sign) ? 2 : 1;
};

/** How many columns of a terminal a text takes. */
export const columnsOf = (text: string): number =>
  Array.from(text).reduce((sum, sign) => sum + widthOfSign(sign), 0);

/** A text on one line, without signs that a terminal would obey. */
export const printable = (text: string): string =>
  text.replaceAll(/\s+/gu, " ").replaceAll(CONTROL, "\uFFFD");

/** Lines of a table whose columns stand below each other, the first row being its head. */
export function tableLines(rows: readonly (readonly string[])[]): string[] {
  const clean = rows.map((row) => row.map(printable));
  const widths = (clean[0] ?? []).map((_, column) =>
    Math.max(...clean.map((row) => columnsOf(row[column] ?? ""))),
  );
  return clean.map((row) =>
    row
      .map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - columnsOf(cell)))
      .join("  ")
      .trimEnd(),
  );
}
