// A thread of its own: moves what is in SQLite's write-ahead log to its place, and waits for the disk.
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData } from "node:worker_threads";

const database = new DatabaseSync(String(workerData), { timeout: 0 });
// Unlike the other modes, a passive one neither waits for those who write nor keeps them waiting.
const checkpoint = database.prepare("pragma wal_checkpoint(passive)");

parentPort?.on("message", (order: "checkpoint" | "close") => {
  if (order === "close") {
    database.close();
    parentPort?.close();
    return;
  }
  try {
    checkpoint.all();
  } catch {
    // As of a checkpoint within a commit, nobody need know: what is in the log is safe there.
  }
  parentPort?.postMessage("done", []);
});
