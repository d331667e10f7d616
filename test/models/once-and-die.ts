// Run in a process of its own: does all work of a node, then is killed before the node has ended.
import { FencedSaver } from "../../src/checkpoint/saver.ts";
import { openStorage } from "../../src/storage/open-storage.ts";
import { ledgerGraph, RUN } from "./once-graph.ts";
import { testRuntime } from "./support.ts";

const [dataDir = "", ledger = "", url = ""] = process.argv.slice(2);
testRuntime({ fake: { url } });
const storage = await openStorage({ dataDir });
const graph = ledgerGraph(new FencedSaver(storage.checkpoints), {
  ledger,
  end: () => process.kill(process.pid, "SIGKILL"),
});
await graph.invoke({ messages: [{ role: "user", content: "hi" }] }, { ...RUN, durability: "sync" });
