// Run in a process of its own: asks on the thread of the data directory named, then is killed.
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { askingGraph } from "./graphs.ts";

const [dataDir = ""] = process.argv.slice(2);
const storage = await openStorage({ dataDir });
await askingGraph(new FencedSaver(storage.checkpoints)).invoke(
  { messages: [{ role: "user", content: "你好，我叫羚伊" }] },
  { configurable: { thread_id: "t" } },
);
process.kill(process.pid, "SIGKILL");
