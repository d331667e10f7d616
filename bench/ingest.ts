import { monitorEventLoopDelay } from "node:perf_hooks";
import { openContext } from "../src/container.ts";
import { ingestDocument } from "../src/services/knowledge/ingest.ts";
import { docx, pdf } from "../test/support/documents.ts";
import { tempFolder } from "../test/support/spawn-server.ts";
import { type Bench, fixed, type Table } from "./bench.ts";

const MB = 1024 * 1024;
const PARAGRAPH = "The lamp of the lighthouse burns whale oil, and its keeper climbs the stairs. ";
const CHINESE = "灯塔的灯烧鲸油，守塔人每天晚上都要爬上楼梯去点灯，天亮以后再把它熄灭。";

/** Paragraphs of a document, none like another. */
const paragraphs = (count: number, text: string): string[] =>
  Array.from({ length: count }, (_, at) => `${at}: ${text.repeat(5)}`);

/** A document of each kind, as large as `scale` says. */
function documents(scale: number): [source: string, content: Buffer][] {
  const english = paragraphs(2000 * scale, PARAGRAPH);
  const chinese = paragraphs(2000 * scale, CHINESE);
  const lines = english.map((text) => text.slice(0, 60));
  const pages = Array.from({ length: 100 * scale }, (_, page) =>
    lines.slice(page * 15, page * 15 + 15),
  );
  const rows = chinese.map((text, at) => `${at},"${text.slice(0, 90)}"`);
  return [
    ["english.md", Buffer.from(english.map((text, at) => `## Part ${at}\n\n${text}`).join("\n\n"))],
    ["chinese.txt", Buffer.from(chinese.join("\n"))],
    ["table.csv", Buffer.from(`id,text\n${rows.join("\n")}`)],
    ["pages.pdf", pdf(pages)],
    ["letter.docx", docx("Letter", english.join(" "))],
  ];
}

/** How fast documents of each kind come in with the offline embedding, and what that holds up. */
export async function ingest({ isQuick }: Bench): Promise<Table> {
  using folder = tempFolder();
  const settings = { data_dir: folder.path, log_level: "warn", local_models: "off" };
  const kagari = await openContext({ settings });
  const rows: string[][] = [];
  try {
    for (const [source, content] of documents(isQuick ? 1 : 4)) {
      const before = process.memoryUsage.rss();
      const cpu = process.cpuUsage();
      const watch = monitorEventLoopDelay({ resolution: 1 });
      watch.enable();
      const begun = performance.now();
      const upload = { collection: "bench", source, content };
      const { chunks } = await ingestDocument(kagari.ctx, upload, new AbortController().signal);
      const seconds = (performance.now() - begun) / 1000;
      watch.disable();
      const { user, system } = process.cpuUsage(cpu);
      const figures = [
        chunks / seconds,
        (user + system) / 1000 / chunks,
        watch.percentile(99) / 1e6,
        watch.max / 1e6,
      ];
      const memory = (process.memoryUsage.rss() - before) / MB;
      rows.push([
        source,
        fixed(content.length / MB),
        String(chunks),
        ...figures.map((value) => fixed(value)),
        fixed(memory, 0),
      ]);
    }
  } finally {
    await kagari.close();
  }
  return {
    title: "Documents coming in, with the offline embedding on SQLite",
    head: [
      "",
      "MB",
      "chunks",
      "chunks/s",
      "CPU ms a chunk",
      "loop p99 ms",
      "loop max ms",
      "memory MB",
    ],
    rows,
  };
}
