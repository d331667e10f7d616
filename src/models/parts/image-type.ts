const SIGNATURES: readonly (readonly [string, string])[] = [
  ["image/png", "89504e470d0a1a0a"],
  ["image/jpeg", "ffd8ff"],
  ["image/gif", "47494638"],
  ["image/bmp", "424d"],
];

/** The media type of an image by its first bytes, whatever its server called it. */
export function imageTypeOf(bytes: Buffer): string | undefined {
  const head = bytes.subarray(0, 16).toString("hex");
  const isWebp = head.startsWith("52494646") && bytes.subarray(8, 12).toString("latin1") === "WEBP";
  if (isWebp) return "image/webp";
  return SIGNATURES.find(([, signature]) => head.startsWith(signature))?.[0];
}
