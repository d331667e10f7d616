// Run in a process of its own: holds the data directory named in its arguments until it is killed.
import { openStorage } from "../../src/storage/open-storage.ts";
import { accept } from "./samples.ts";

const [dataDir = ""] = process.argv.slice(2);
const storage = await openStorage({ dataDir });
await accept(storage, "kept");
process.stdout.write("ready\n");
setInterval(() => undefined, 60_000);
