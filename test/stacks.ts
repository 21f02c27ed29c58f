import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type Report,
  reportSchema,
} from "../components/verify/verifyReport.ts";
import { type Result, tryRun } from "../lab/exec.ts";
import { root } from "../lab/paths.ts";
import type { Stack } from "../lab/stack.ts";

/** Applies a stack, and then asserts that applying it again changes nothing. */
export async function up(stack: Stack): Promise<string> {
  const output = await stack.must(["up", "--yes", "--skip-preview"]);
  await stack.must(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
  return output;
}

/** Applies a stack that has to fail, and returns all it said. */
export async function upFails(
  stack: Stack,
  ...flags: string[]
): Promise<string> {
  return says(await stack.pulumi(["up", "--yes", "--skip-preview", ...flags]));
}

/** The output of a command that has to fail. */
export function says({ code, stdout, stderr }: Result): string {
  assert.notEqual(code, 0, `expected a failure, but:\n${stdout}${stderr}`);
  return stdout + stderr;
}

export function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** What `npm run verify` says of a stack, by its exit code and its report. */
export async function verified(
  stack: Stack,
): Promise<{ code: number; report: Report }> {
  const { code, stdout, stderr } = await verify(stack, "--json");
  assert.ok(stdout !== "", `no report, but: ${stderr}`);
  return { code, report: reportSchema.parse(JSON.parse(stdout)) };
}

/** What `npm run verify` finds in a cloud's tables: its exit code, and faults as `TABLE: KIND SUBJECT FIX`. */
export async function cloudFaults(
  stack: Stack,
): Promise<[number, ...string[]]> {
  const { code, report } = await verified(stack);
  const found = report.tables.flatMap(({ holder, findings }) =>
    findings
      .filter(({ severity }) => severity === "fault")
      .map(({ kind, subject, fix }) =>
        [`${holder}:`, kind, subject, fix].join(" "),
      ),
  );
  return [code, ...found];
}

/** Runs `npm run verify` on a stack, in its network. */
export function verify(stack: Stack, ...flags: string[]): Promise<Result> {
  const [command = "", ...args] = stack.inside([
    process.execPath,
    "lab/runVerify.ts",
    "own",
    "--stack",
    stack.name,
    "--config-file",
    stack.configFile,
    ...flags,
  ]);
  return tryRun(command, args, { cwd: root, env: stack.environment() });
}

/** A file of the examples. */
export function example(name: string): string {
  return readFileSync(join(import.meta.dirname, "../examples", name), "utf8");
}

/** What a preview would do, by kind: `{ create: ["routes-rtb-1-10-200-0-0-24"] }`. Resources that stay as they are, are left out. */
export async function planOf(
  stack: Stack,
  type: string,
): Promise<Record<string, string[]>> {
  return changesIn(await stack.must(["preview", "--json"]), type);
}

/** The same, read off the output of `preview --json`. */
export function changesIn(
  preview: string,
  type = "",
): Record<string, string[]> {
  const { steps } = JSON.parse(preview) as {
    steps: { op: string; urn: string }[];
  };
  const changes: Record<string, string[]> = {};
  for (const { op, urn } of steps) {
    if (urn.includes(`${type}::`) && op !== "same") {
      const name = urn.split("::").slice(3).join("::");
      changes[op] = [...(changes[op] ?? []), name].sort();
    }
  }
  return changes;
}

/** The faults of a report, as `WHERE: KIND SUBJECT`. A host that did not answer is `HOST: unreachable`. */
export function reportFaults({ state, hosts, overlays }: Report): string[] {
  const all = [
    { where: "stack", findings: state },
    ...overlays.map(({ component, ...rest }) => ({
      where: component,
      ...rest,
    })),
    ...hosts.map(({ node, ...rest }) => ({ where: node, ...rest })),
  ];
  return [
    ...hosts
      .filter(({ unreachable }) => unreachable !== undefined)
      .map(({ node }) => `${node}: unreachable`),
    ...all.flatMap(({ where, findings }) =>
      findings
        .filter(({ severity }) => severity === "fault")
        .map(({ kind, subject }) => `${where}: ${kind} ${subject}`),
    ),
  ];
}

/** What is said about the mistakes of an input, without the paint around it. */
export function faultsIn(output: string): string[] {
  return lines(output)
    .filter((line) => line.startsWith("- "))
    .map((line) => line.slice(2));
}
