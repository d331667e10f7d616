import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Profile = z.object({
  nodes: z.array(
    z.object({
      id: z.number(),
      callFrame: z.object({ functionName: z.string(), url: z.string(), lineNumber: z.number() }),
    }),
  ),
  samples: z.array(z.number()),
  timeDeltas: z.array(z.number()),
});

type CallFrame = z.infer<typeof Profile>["nodes"][number]["callFrame"];

const SHOWN = 25;

/** Self time of the one profile in a folder, by package and by function, in ms of each run. */
export function profileSummary(folder: string, runs: number): string {
  const [file] = readdirSync(folder).filter((name) => name.endsWith(".cpuprofile"));
  if (file === undefined) throw new Error(`${folder} holds no CPU profile`);
  const { nodes, samples, timeDeltas } = Profile.parse(
    JSON.parse(readFileSync(join(folder, file), "utf8")),
  );
  const micros = new Map<number, number>();
  for (const [index, id] of samples.entries())
    micros.set(id, (micros.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  const byPackage = new Map<string, number>();
  const byFunction = new Map<string, number>();
  for (const { id, callFrame } of nodes) {
    const own = packageOf(callFrame);
    if (own === "(idle)" || own === "(program)") continue;
    add(byPackage, own, micros.get(id) ?? 0);
    add(
      byFunction,
      `${callFrame.functionName || "(anonymous)"}  ${placeOf(callFrame)}`,
      micros.get(id) ?? 0,
    );
  }
  const table = (map: Map<string, number>) => lines(map, runs).join("\n");
  return `ms of each run by package, start-up included\n${table(byPackage)}\n\nby function\n${table(byFunction)}`;
}

function packageOf({ url, functionName }: CallFrame): string {
  if (url === "") return functionName.startsWith("(") ? functionName : "(native)";
  if (url.startsWith("node:")) return url.split("/").slice(0, 2).join("/");
  const [, inside] = url.split(/.*node_modules\//);
  if (inside === undefined) return "Kagari";
  return inside
    .split("/")
    .slice(0, inside.startsWith("@") ? 2 : 1)
    .join("/");
}

const placeOf = ({ url, lineNumber }: CallFrame): string =>
  `${url.split("/").slice(-3).join("/")}:${lineNumber + 1}`;

const add = (map: Map<string, number>, key: string, value: number): void => {
  map.set(key, (map.get(key) ?? 0) + value);
};

function lines(map: Map<string, number>, runs: number): string[] {
  const total = [...map.values()].reduce((sum, value) => sum + value, 0);
  return [...map]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, SHOWN)
    .map(([key, value]) => {
      const share = ((value / total) * 100).toFixed(1).padStart(5);
      return `${share} %  ${(value / 1000 / runs).toFixed(3).padStart(8)}  ${key}`;
    });
}
