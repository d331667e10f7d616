// Searches vectors in a thread of its own, so that the event loop of the server goes on.
import { parentPort } from "node:worker_threads";
import type { WorkerRequest } from "./vector-thread.ts";
import { VectorStore } from "./vector-store.ts";

const tell = parentPort?.postMessage.bind(parentPort);
const stores = new Map<string, VectorStore>();

function answer(request: WorkerRequest): void {
  const { key } = request;
  const store = stores.get(key) ?? new VectorStore();
  stores.set(key, store);
  switch (request.kind) {
    case "add":
      return store.add(request.block);
    case "drop":
      return store.drop(request.documents);
    case "forget":
      stores.delete(key);
      return undefined;
    case "search":
      return tell?.({ id: request.id, found: store.search(request.query) });
  }
}

parentPort?.on("message", answer);
