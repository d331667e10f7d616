// Plain old syntax without the "node:" prefix: this file must load on the Node versions it refuses.
import fs from "fs";
import { createRequire } from "module";
import path from "path";
import { fileURLToPath } from "url";

const NEEDED_MAJOR = 24;
const PACKAGE_ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Whether a Node version such as "24.1.0" can run Kagari. */
export function isSupported(version) {
  return Number(version.split(".")[0]) >= NEEDED_MAJOR;
}

/** The one sentence that tells what to do about a Node that is too old. */
export function tooOldSentence(version) {
  return (
    `Kagari needs Node.js ${NEEDED_MAJOR} or newer (this is v${version}); ` +
    "install it from your package manager or nvm and run the same command again."
  );
}

/** Path of the Node that npm installed for this Linux machine, or undefined. */
export function bundledNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const require = createRequire(path.join(PACKAGE_ROOT, "package.json"));
  // resolve.paths climbs every parent node_modules: ours in a checkout, the consumer's when installed.
  for (const folder of require.resolve.paths(name) || []) {
    const file = path.join(folder, name, "bin", "node");
    if (fs.existsSync(file)) return file;
  }
  return undefined;
}
