import { policyLine } from "../models/call-policy.ts";
import type { Diagnosis, ShownRequest } from "../models/doctor/finding.ts";
import { printable, tableLines } from "./table.ts";

/** Every request as it was sent, its secrets masked. */
export function requestsText({ requests }: Diagnosis): string {
  return requests.map(requestText).join("\n\n");
}

/** The table of what a model obeys, and one line of judgement. */
export function diagnosisText({ model, findings, isHealthy, calls }: Diagnosis): string {
  const rows = findings.map(({ probe, verdict, detail, isFault }) => [
    probe,
    isFault ? `${verdict} !` : verdict,
    detail.length > 160 ? `${detail.slice(0, 160)}...` : detail,
  ]);
  const verdict = isHealthy
    ? `${model} does what its file says`
    : `${model} does not do what its file says: see the lines marked with !`;
  return [
    ...tableLines([["probe", "obeyed", "what was seen"], ...rows]),
    "",
    `calls: ${policyLine(calls)}`,
    verdict,
  ].join("\n");
}

function requestText({ probe, method, url, headers, body }: ShownRequest): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const sent = body === null ? [] : ["", JSON.stringify(body, null, 2)];
  return [`# ${probe}`, printable(`${method} ${url}`), ...lines.map(printable), ...sent].join("\n");
}
