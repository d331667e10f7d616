import { describe, expect, it } from "vitest";
import { wirePart } from "./wire-parts.ts";

const image = (url: string, rest: object = {}) => ({
  kind: "image",
  part: { type: "image_url", image_url: { url, ...rest } },
});
const audio = (data: string, format: string) => ({
  kind: "audio",
  part: { type: "input_audio", input_audio: { data, format } },
});
const video = (url: string) => ({ kind: "video", part: { type: "video_url", video_url: { url } } });
const file = (fields: object) => ({ kind: "file", part: { type: "file", file: fields } });
const text = (said: string) => ({ kind: "text", part: { type: "text", text: said } });

describe("wirePart", () => {
  it.each<[string, unknown, unknown]>([
    ["a string", "hi", text("hi")],
    ["text", { type: "text", text: "hi", extras: 1 }, text("hi")],
    ["plain text", { type: "text-plain", text: "hi" }, text("hi")],
    [
      "plain text as data",
      { type: "text-plain", data: "aGk=", mimeType: "text/plain" },
      text("hi"),
    ],
    [
      "a cache mark",
      { type: "text", text: "hi", cache_control: { type: "ephemeral" } },
      { kind: "text", part: { type: "text", text: "hi", cache_control: { type: "ephemeral" } } },
    ],
    [
      "an image of the wire",
      { type: "image_url", image_url: { url: "http://x/a.png", detail: "low" } },
      image("http://x/a.png", { detail: "low" }),
    ],
    [
      "an image address alone",
      { type: "image_url", image_url: "http://x/a.png" },
      image("http://x/a.png"),
    ],
    ["a v1 image by URL", { type: "image", url: "http://x/a.png" }, image("http://x/a.png")],
    [
      "a v1 image by data",
      { type: "image", data: "QUJD", mimeType: "image/jpeg" },
      image("data:image/jpeg;base64,QUJD"),
    ],
    [
      "a v1 image by bytes",
      { type: "image", data: new Uint8Array([65, 66, 67]), mimeType: "image/gif" },
      image("data:image/gif;base64,QUJD"),
    ],
    [
      "a v0 image by URL",
      { type: "image", source_type: "url", url: "http://x/a.png", metadata: { detail: "high" } },
      image("http://x/a.png", { detail: "high" }),
    ],
    [
      "a v0 image by data",
      { type: "image", source_type: "base64", data: "QUJD", mime_type: "image/webp" },
      image("data:image/webp;base64,QUJD"),
    ],
    [
      "Anthropic's image",
      { type: "image", source: { type: "base64", media_type: "image/png", data: "QUJD" } },
      image("data:image/png;base64,QUJD"),
    ],
    [
      "audio of the wire",
      { type: "input_audio", input_audio: { data: "QUJD", format: "mp3" } },
      audio("QUJD", "mp3"),
    ],
    [
      "v1 audio by data",
      { type: "audio", data: "QUJD", mimeType: "audio/mpeg" },
      audio("QUJD", "mp3"),
    ],
    [
      "v1 audio in a data URL",
      { type: "audio", url: "data:audio/x-wav;base64,QUJD" },
      audio("QUJD", "wav"),
    ],
    [
      "v1 audio by URL",
      { type: "audio", url: "https://x/a.mp3?s=1" },
      audio("https://x/a.mp3?s=1", "mp3"),
    ],
    [
      "video of the wire",
      { type: "video_url", video_url: { url: "http://x/a.mp4" } },
      video("http://x/a.mp4"),
    ],
    [
      "v1 video",
      { type: "video", data: "QUJD", mimeType: "video/mp4" },
      video("data:video/mp4;base64,QUJD"),
    ],
    [
      "DashScope's frames",
      { type: "video", video: ["http://x/1.png"] },
      { kind: "video", part: { type: "video", video: ["http://x/1.png"] } },
    ],
    ["a file of the wire", { type: "file", file: { file_id: "f" } }, file({ file_id: "f" })],
    ["a v1 file by id", { type: "file", fileId: "f" }, file({ file_id: "f" })],
    [
      "a v1 file by data",
      { type: "file", data: "QUJD", mimeType: "application/pdf", metadata: { filename: "a.pdf" } },
      file({ file_data: "data:application/pdf;base64,QUJD", filename: "a.pdf" }),
    ],
    [
      "a part that nobody knows",
      { type: "odd", a: 1 },
      { kind: "other", part: { type: "odd", a: 1 } },
    ],
    ["reasoning", { type: "reasoning", reasoning: "t" }, undefined],
    ["a tool call", { type: "tool_call", id: "c" }, undefined],
    ["nothing", null, undefined],
  ])("takes %s", (_, part, expected) => {
    expect(wirePart(part)).toEqual(expected);
  });
});
