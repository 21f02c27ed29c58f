import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { Report } from "../../components/verify/verifyReport.ts";
import { until } from "../../lab/exec.ts";
import type { Stack } from "../../lab/stack.ts";
import { background, killAll } from "../background.ts";
import { reportFaults, up, upFails, verified, verify } from "../stacks.ts";
import {
  type Config,
  Scenario,
  worker,
  workerHosts,
  workers,
} from "./scenario.ts";

const nodes = workers(3);

/** The last node has another pod CIDR, so that the other hosts must change. */
const moved = [...workers(2), worker(2, { cidr: 9 })];

/** What fixes the first fault of this kind. */
function fixOf({ state, hosts }: Report, kind: string): string {
  const all = [...state, ...hosts.flatMap(({ findings }) => findings)];
  const { fix } = all.find((one) => one.kind === kind) ?? {};
  assert.ok(fix !== undefined, `nothing fixes ${kind}`);
  return fix;
}

describe("the verdict of verify on a stack", () => {
  const scenario = new Scenario(workerHosts(3));
  let stack: Stack;

  before(async () => {
    stack = await scenario.stack("verdicts", { nodes });
  });

  const configure = (config: Config) => scenario.configure(stack, config);

  /** Asserts what verify finds wrong; returns its report. */
  async function isWrong(...expected: string[]): Promise<Report> {
    const { code, report } = await verified(stack);
    assert.deepEqual(reportFaults(report), expected);
    assert.deepEqual([code, report.verdict, report.ok], [1, "wrong", false]);
    return report;
  }

  async function isWell(): Promise<void> {
    const { code, report } = await verified(stack);
    assert.deepEqual(reportFaults(report), []);
    assert.deepEqual([code, report.verdict, report.ok], [0, "well", true]);
  }

  /** Does what fixes a fault of this kind, as it is printed, and asserts that all is well then. */
  async function fixed(report: Report, kind: string): Promise<void> {
    await scenario.asPrinted(stack, fixOf(report, kind));
    await isWell();
  }

  /** Starts an update and sends its engine a signal as soon as it is at work on one of these hosts, which go on only then. */
  async function interrupted(
    signal: "SIGINT" | "SIGKILL",
    ...hosts: string[]
  ): Promise<void> {
    const { lab } = scenario;
    const waits = `#!/bin/sh
: >/tmp/at-work
until [ -e /tmp/go-on ]; do sleep 0.1; done
exec /tmp/ip "$@"
`;
    for (const host of hosts) {
      await lab.on(
        host,
        `set -e; rm -f /tmp/at-work /tmp/go-on; ip=$(readlink -f "$(command -v ip)"); cp "$ip" /tmp/ip; printf '%s' '${waits}' >/tmp/waits; chmod +x /tmp/waits; mount --bind /tmp/waits "$ip"`,
      );
    }
    const args = ["up", "--yes", "--skip-preview", "--parallel", "1"];
    const { ended, pid } = background(stack, args);
    await until(`the update is at work on ${hosts}`, async () => {
      const found = await Promise.all(
        hosts.map((host) => lab.on(host, "ls /tmp")),
      );
      return found.some((text) => text.includes("at-work")) || undefined;
    });
    if (signal === "SIGINT") {
      process.kill(pid, signal);
    } else {
      killAll(pid);
    }
    for (const host of hosts) {
      await lab.on(
        host,
        `: >/tmp/go-on; umount -l "$(readlink -f "$(command -v ip)")"`,
      );
    }
    await ended;
  }

  it("is none where nothing was ever applied", async () => {
    const { code, stdout } = await verify(stack, "--json");
    assert.deepEqual([code, stdout], [2, ""]);
  });

  it("is wrong where the first configuration was refused", async () => {
    configure({ nodes, target: "azure" });
    await upFails(stack);
    const report = await isWrong("stack: last-run pulumi up");
    assert.deepEqual(report.hosts, []);
    configure({ nodes });
  });

  it("is wrong where the first update failed at one host of three, also after a refresh", async () => {
    await scenario.lab.kill("worker-2");
    await upFails(stack);
    const first = ["stack: last-run pulumi up", "worker-2: state worker-2"];
    const { hosts } = await isWrong(...first);
    assert.deepEqual(
      hosts.map(({ node, address, wanted }) => [node, address, wanted]),
      nodes.map(({ name, internalIp }) => [name, internalIp, 2]),
    );
    await scenario.lab.revive("worker-2");
    await stack.must(["refresh", "--yes", "--skip-preview"]);
    await fixed(await isWrong(...first), "state");
  });

  it("is wrong where the last configuration was refused, although all hosts are well", async () => {
    configure({ nodes, target: "azure" });
    await upFails(stack);
    const report = await isWrong("stack: last-run pulumi up");
    configure({ nodes });
    await fixed(report, "last-run");
  });

  it("is wrong after ctrl-c, and says what the hosts lack that were to come", async () => {
    configure({ nodes: moved });
    await interrupted("SIGINT", "worker-0", "worker-1");
    const { code, report } = await verified(stack);
    assert.equal(code, 1);
    const found = reportFaults(report);
    const [late = ""] =
      found.find((one) => one.includes(" behind "))?.split(":") ?? [];
    assert.deepEqual(found, [
      "stack: last-run pulumi up",
      `${late}: behind ${late}`,
      `${late}: missing 10.200.9.0/24`,
      `${late}: stale 10.200.2.0/24`,
    ]);
    const { findings = [] } =
      report.hosts.find(({ node }) => node === late) ?? {};
    const fixes = findings
      .filter(({ severity }) => severity === "fault")
      .map(({ fix }) => fix);
    assert.deepEqual(fixes, Array(3).fill(fixOf(report, "behind")));
    await fixed(report, "behind");
  });

  it("is wrong for a node that was taken out while its host is dead", async () => {
    await scenario.lab.kill("worker-2");
    configure({ nodes: nodes.slice(0, 2) });
    await stack.pulumi(["up", "--yes", "--skip-preview"]);
    const { report } = await verified(stack);
    const left = report.hosts.find(({ node }) => node === "worker-2");
    assert.equal(left?.unreachable, undefined);
    assert.deepEqual(
      left?.findings.map(({ kind, subject }) => `${kind} ${subject}`),
      ["removed worker-2"],
    );
    assert.equal(report.verdict, "wrong");
    await fixed(report, "removed");
  });

  it("is wrong for a node that was taken out and not cleaned yet", async () => {
    configure({ nodes: nodes.slice(0, 1) });
    const { lab } = scenario;
    const ip = (
      await lab.on("worker-1", 'readlink -f "$(command -v ip)"')
    ).trim();
    await lab.on("worker-1", `mount --bind /dev/null ${ip}`);
    await upFails(stack);
    await lab.on("worker-1", `umount ${ip}`);
    const report = await isWrong(
      "stack: last-run pulumi up",
      "worker-1: removed worker-1",
    );
    await fixed(report, "removed");
  });

  it("is wrong after kill -9 while a host was set up, until nothing is pending", async () => {
    await scenario.lab.revive("worker-2");
    configure({ nodes });
    await interrupted("SIGKILL", "worker-1", "worker-2");
    const { code, report } = await verified(stack);
    assert.equal(code, 1);
    const found = reportFaults(report);
    assert.ok(found.includes("stack: unfinished Pulumi"), String(found));
    for (const node of ["worker-1", "worker-2"]) {
      assert.ok(found.includes(`${node}: state ${node}`), String(found));
    }
    await fixed(report, "unfinished");
  });

  it("is wrong after kill -9 while a host was changed", async () => {
    configure({ nodes: moved });
    await interrupted("SIGKILL", "worker-0", "worker-1");
    const { code, report } = await verified(stack);
    assert.equal(code, 1);
    const found = reportFaults(report);
    for (const fault of [
      "stack: unfinished Pulumi",
      "worker-0: behind worker-0",
      "worker-1: behind worker-1",
    ]) {
      assert.ok(found.includes(fault), String(found));
    }
    await fixed(report, "unfinished");
  });

  it("is wrong after an update of one host only", async () => {
    configure({ nodes: moved, healInterval: 20 });
    const urn = await urnOf("worker-1");
    await stack.must(["up", "--yes", "--skip-preview", "--target", urn]);
    await fixed(await isWrong("worker-1: behind worker-1"), "behind");
  });

  it("is well after a refresh of one host only", async () => {
    const urn = await urnOf("worker-1");
    await stack.must(["refresh", "--yes", "--skip-preview", "--target", urn]);
    await isWell();
  });

  it("is wrong while something that was replaced is still to be deleted, or to be made anew", async () => {
    const exported = JSON.parse(await stack.must(["stack", "export"]));
    const { resources } = exported.deployment;
    const urn = await urnOf("worker-2");
    const command = resources.find((one: { urn: string }) => one.urn === urn);
    const subject = urn.split("::").at(-1);
    resources.push({ ...command, delete: true });
    await importState(exported);
    const left = await isWrong(`stack: unfinished ${subject}`);
    await fixed(left, "unfinished");
    resources.pop();
    command.pendingReplacement = true;
    await importState(exported);
    const half = await isWrong(`stack: unfinished ${subject}`);
    await fixed(half, "unfinished");
  });

  it("is wrong where a destroy failed at a host that is dead, and tells of no host that is clean", async () => {
    await scenario.lab.kill("worker-2");
    assert.notEqual(
      (await stack.pulumi(["destroy", "--yes", "--skip-preview"])).code,
      0,
    );
    const report = await isWrong(
      "stack: last-run pulumi destroy",
      "worker-2: removed worker-2",
    );
    assert.deepEqual(
      report.hosts.map(({ node }) => node),
      ["worker-2"],
    );
    await scenario.asPrinted(stack, fixOf(report, "removed"));
    const { code, stdout } = await verify(stack, "--json");
    assert.deepEqual([code, stdout], [2, ""]);
    await scenario.lab.revive("worker-2");
  });

  it("is wrong where the second target of two failed", async () => {
    const [first, ...others] = nodes;
    const two = await scenario.stack("two", {
      nodes: [{ ...first, role: "controller" }, ...others],
      target: "hosts+flannel",
      hostRoutes: false,
      flannel: { network: "10.200.0.0/16" },
    });
    // no kubectl is on that host
    await upFails(two);
    const { code, report } = await verified(two);
    assert.equal(code, 1);
    assert.deepEqual(reportFaults(report), [
      "stack: last-run pulumi up",
      "overlay: state overlay",
    ]);
    await two.must(["destroy", "--yes", "--skip-preview"]);
  });

  it("is well where all is well", async () => {
    configure({ nodes });
    await up(stack);
    await isWell();
  });

  /** The URN of the command on a host. */
  async function urnOf(host: string): Promise<string> {
    const { deployment } = JSON.parse(await stack.must(["stack", "export"]));
    const urns: string[] = deployment.resources.map(
      ({ urn }: { urn: string }) => urn,
    );
    return urns.find((urn) => urn.includes(`::routes-${host}@`)) ?? "";
  }

  async function importState(state: unknown): Promise<void> {
    const file = join(stack.directory, "state.json");
    writeFileSync(file, JSON.stringify(state));
    await stack.must(["stack", "import", "--file", file]);
  }
});
