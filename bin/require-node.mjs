// Runs before every npm script, so that an old Node ends in one sentence instead of a stack trace.
import { isSupported, tooOldSentence } from "./node-version.mjs";

if (!isSupported(process.versions.node)) {
  console.error(tooOldSentence(process.versions.node));
  process.exitCode = 1;
}
