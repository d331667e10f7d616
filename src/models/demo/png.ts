import { crc32, deflateSync } from "node:zlib";
import { hashOf } from "./features.ts";

const SIGNATURE = Buffer.from("89504e470d0a1a0a", "hex");
const LARGEST = 2048;
/** Squares along each side of a picture. */
const SQUARES = 8;

/** A picture of coloured squares, the same for the same text. */
export function paintPng(text: string, size: { width: number; height: number }): Buffer {
  const width = Math.min(size.width, LARGEST);
  const height = Math.min(size.height, LARGEST);
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  // Eight bits for each of red, green and blue.
  head.set([8, 2], 8);
  const lines = Array.from({ length: SQUARES }, (_, row) => line(text, row, width));
  const rows = Array.from(
    { length: height },
    (_, y) => lines[Math.floor((y * SQUARES) / height)] ?? Buffer.alloc(0),
  );
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", head),
    chunk("IDAT", deflateSync(Buffer.concat(rows))),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** One line of pixels, after the byte that says how it is filtered. */
function line(text: string, row: number, width: number): Buffer {
  const pixels = Buffer.alloc(1 + width * 3);
  for (let x = 0; x < width; x++) {
    const column = Math.floor((x * SQUARES) / width);
    const hash = hashOf(`${text} ${row} ${column}`);
    pixels.set([128 + (hash & 127), (hash >>> 8) & 255, 64 + ((hash >>> 16) & 127)], 1 + x * 3);
  }
  return pixels;
}

function chunk(name: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(name, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}
