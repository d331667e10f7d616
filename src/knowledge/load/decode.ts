import { AppError } from "../../core/errors.ts";

/** How much of a text tells its encoding. */
const SAMPLE = 64 * 1024;
/** Signs that cannot be read, of all: a text with more of them is in another encoding. */
const MAX_BROKEN = 0.001;
/** The same of UTF-8 that was cut or patched, among its signs beyond ASCII. */
const MAX_BROKEN_UTF8 = 0.02;
const MIN_COMMON = 0.85;
/** What no text has: control signs other than tabs, line ends and form feeds, but for a few. */
const CONTROL = /(?![\t\n\v\f\r\u{80}-\u{9F}])\p{Cc}/gu;
const MAX_CONTROL = 0.01;

type Pair = (lead: number, trail: number) => boolean;

const between = (value: number, low: number, high: number): boolean =>
  value >= low && value <= high;

/** Encodings of two bytes a sign, and the pairs that everyday texts in them are made of. */
const PAIRED: readonly { label: string; leastPairs: number; isCommon: Pair }[] = [
  {
    label: "euc-kr",
    // The same pairs are Chinese signs, though rarely all of a longer text.
    leastPairs: 20,
    isCommon: (lead, trail) =>
      (between(lead, 0xb0, 0xc8) || between(lead, 0xa1, 0xa3)) && trail >= 0xa1,
  },
  {
    label: "gb18030",
    leastPairs: 1,
    isCommon: (lead, trail) =>
      (between(lead, 0xb0, 0xf7) || between(lead, 0xa1, 0xa3)) && trail >= 0xa1,
  },
  {
    label: "big5",
    leastPairs: 1,
    isCommon: (lead, trail) =>
      between(lead, 0xa1, 0xc6) && (between(trail, 0x40, 0x7e) || trail >= 0xa1),
  },
  {
    label: "shift_jis",
    leastPairs: 1,
    isCommon: (lead) => between(lead, 0x81, 0x83) || between(lead, 0x88, 0x97),
  },
];

/** Reads text of whatever encoding it is in; refuses what is no text. */
export function decodeText(bytes: Uint8Array, declared?: string): string {
  const text = marked(bytes) ?? utf16(bytes) ?? named(bytes, declared) ?? guessed(bytes);
  const controls = text.slice(0, SAMPLE).match(CONTROL)?.length ?? 0;
  if (controls > Math.min(text.length, SAMPLE) * MAX_CONTROL) throw noText();
  return text.replaceAll("\0", "").replaceAll(/\r\n?/g, "\n").toWellFormed();
}

const noText = (): AppError =>
  new AppError("unsupported_media_type", "is no text, but binary data");

const read = (bytes: Uint8Array, label: string, fatal = false): string =>
  new TextDecoder(label, { fatal }).decode(bytes);

/** By its byte order mark. */
function marked(bytes: Uint8Array): string | undefined {
  const [first, second, third] = bytes;
  if (first === 0xef && second === 0xbb && third === 0xbf) return read(bytes, "utf-8");
  if (first === 0xff && second === 0xfe) return read(bytes, "utf-16le");
  return first === 0xfe && second === 0xff ? read(bytes, "utf-16be") : undefined;
}

/** Signs that most texts consist of; with the bytes of each in the wrong order few of them are. */
const EVERYDAY =
  /[\t-\r\u{20}-\u{24F}\u{370}-\u{4FF}\u{3000}-\u{30FF}\u{4E00}-\u{9FFF}\u{AC00}-\u{D7A3}\u{FF00}-\u{FFEF}]/gu;
const MIN_EVERYDAY = 0.8;

/** Without a mark: by the zeros that line ends, spaces and Latin letters have, and what comes out. */
function utf16(bytes: Uint8Array): string | undefined {
  const sample = bytes.subarray(0, SAMPLE);
  if (!sample.includes(0)) return undefined;
  const scores = ["utf-16le", "utf-16be"].map((label) => {
    const text = read(sample, label);
    return { label, share: (text.match(EVERYDAY)?.length ?? 0) / text.length };
  });
  const [best] = scores.toSorted((a, b) => b.share - a.share);
  if (best === undefined || best.share < MIN_EVERYDAY || bytes.length % 2 === 1) throw noText();
  return read(bytes, best.label);
}

/** As it says itself, such as in the meta tag of a page. */
function named(bytes: Uint8Array, declared: string | undefined): string | undefined {
  if (declared === undefined) return undefined;
  try {
    const text = read(bytes, declared);
    return brokenIn(text) <= text.length * MAX_BROKEN ? text : undefined;
  } catch {
    return undefined;
  }
}

function guessed(bytes: Uint8Array): string {
  const utf8 = read(bytes, "utf-8");
  const others = utf8.match(/[^\p{ASCII}\uFFFD]/gu)?.length ?? 0;
  if (brokenIn(utf8) <= others * MAX_BROKEN_UTF8) return utf8;
  const sample = bytes.subarray(0, SAMPLE);
  for (const { label, leastPairs, isCommon } of PAIRED) {
    const { pairs, common } = countPairs(sample, isCommon);
    if (pairs < leastPairs || common < pairs * MIN_COMMON) continue;
    const text = read(bytes, label);
    if (brokenIn(text) <= 1 + text.length * MAX_BROKEN) return text;
  }
  return western(bytes);
}

function brokenIn(text: string): number {
  let broken = 0;
  for (let at = text.indexOf("\uFFFD"); at >= 0; at = text.indexOf("\uFFFD", at + 1)) broken += 1;
  return broken;
}

function countPairs(bytes: Uint8Array, isCommon: Pair): { pairs: number; common: number } {
  let pairs = 0;
  let common = 0;
  for (let at = 0; at < bytes.length - 1; at += 1) {
    const lead = bytes[at] ?? 0;
    if (lead < 0x80) continue;
    at += 1;
    pairs += 1;
    if (isCommon(lead, bytes[at] ?? 0)) common += 1;
  }
  return { pairs, common };
}

/** Latin letters with a few accented ones; anything else is not known. */
function western(bytes: Uint8Array): string {
  const sample = bytes.subarray(0, SAMPLE);
  const high = sample.reduce((sum, byte) => sum + (byte >= 0x80 ? 1 : 0), 0);
  if (high > sample.length * 0.3)
    throw new AppError(
      "unsupported_media_type",
      "is in an encoding that is not known, or no text: save it as UTF-8",
    );
  return read(bytes, "windows-1252");
}
