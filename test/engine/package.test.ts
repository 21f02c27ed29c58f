import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { HostPodRoutesArgs } from "../../components/index.ts";
import { getEngine } from "../../lab/engine.ts";
import { failed, succeeded } from "../programStack.ts";
import { ScratchStack, scratchProgram } from "../scratchProgram.ts";
import { plainHosts, Scenario } from "./scenario.ts";

/** A program of somebody who has installed the package; its types are checked when it is run. */
const files = {
  "Pulumi.yaml": "name: scratch\nruntime: nodejs\n",
  "package.json": '{ "main": "index.ts" }',
  "index.ts": `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { HostPodRoutes, type HostPodRoutesArgs, type Route } from "pod-network-routes";

const args: HostPodRoutesArgs = JSON.parse(readFileSync(process.env.PROGRAM ?? "", "utf8"));
const group = new pulumi.ComponentResource("scratch:index:Group", "group");
const routes = new HostPodRoutes("pods", args, { parent: group });
const table: pulumi.Output<Route[]> = routes.routeTable;
export const hops = table.apply((all) => all.map(({ destination, nextHop }) => destination + " " + nextHop));
export const persistence = routes.persistence;
`,
};

describe("a program that imports the package", () => {
  const directory = mkdtempSync(join(tmpdir(), "pod-network-routes-import-"));
  const hosts = { server: 10, "node-0": 20, "node-1": 21 };
  const scenario = new Scenario(() => plainHosts("10.240.0", hosts));
  const args = (): HostPodRoutesArgs => ({
    nodes: [
      { name: "server", internalIp: "10.240.0.10" },
      {
        name: "node-0",
        internalIp: "10.240.0.20",
        podCidrs: ["10.200.0.0/24"],
      },
      {
        name: "node-1",
        internalIp: "10.240.0.21",
        podCidrs: ["10.200.1.0/24"],
      },
    ],
    ssh: {
      privateKeyFile: scenario.lab.key,
      knownHostsFile: scenario.lab.knownHosts,
    },
  });
  let program: string;
  let stack: ScratchStack;

  before(async () => {
    program = await scratchProgram(directory);
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(join(program, name), text);
    }
    const env = { SSH_AUTH_SOCK: undefined };
    const engine = await getEngine("command");
    stack = new ScratchStack(
      ...([program, "import", engine, env] as const),
      ...([directory, scenario.lab.netns] as const),
    );
    await stack.init();
  });

  after(() => rmSync(directory, { recursive: true, force: true }));

  it("previews the commands of all hosts, and touches none", async () => {
    const before = await scenario.everything("node-0");
    const said = succeeded(await stack.run(args(), "preview"));
    for (const name of Object.keys(hosts)) {
      assert.match(said, new RegExp(`command:remote:Command +pods-${name}@`));
    }
    assert.equal(await scenario.everything("node-0"), before);
  });

  it("gives the hosts their routes, and a second run changes nothing", async () => {
    succeeded(await stack.run(args(), "up", "--yes", "--skip-preview"));
    assert.deepEqual(await scenario.table("node-0"), [
      "10.200.1.0/24 via 10.240.0.21 dev eth0",
    ]);
    assert.deepEqual(await scenario.table("server"), [
      "10.200.0.0/24 via 10.240.0.20 dev eth0",
      "10.200.1.0/24 via 10.240.0.21 dev eth0",
    ]);
    assert.deepEqual(stack.outputs, {
      hops: ["10.200.0.0/24 10.240.0.20", "10.200.1.0/24 10.240.0.21"],
      persistence: { server: "none", "node-0": "none", "node-1": "none" },
    });
    const again = ["up", "--yes", "--skip-preview", "--expect-no-changes"];
    succeeded(await stack.run(args(), ...again));
  });

  it("can be checked by a program that imports the check", async () => {
    const code = `require("pod-network-routes/verify").verify({ stack: "import" })
      .then(({ ok, hosts }) => console.log(ok, hosts.map(({ node }) => node).join()))`;
    const { stdout, stderr } = await stack.inside([
      process.execPath,
      ...["--eval", code],
    ]);
    assert.equal(stdout, "true node-0,node-1,server\n", stderr);
  });

  it("is told all that is wrong with its arguments, by their paths", async () => {
    const said = failed(
      await stack.run(
        { ...args(), healInterval: 0, serviceCidrs: ["10.200.0.0/16"] },
        "preview",
      ),
    );
    assert.match(said, /healInterval/);
    assert.match(said, /10\.200\.0\.0\/16/);
    assert.doesNotMatch(said, /node_modules/, "no stack trace");
  });

  it("is not run where its types are wrong", async () => {
    const wrong = files["index.ts"].replace("args, {", "{ node: [] }, {");
    writeFileSync(join(program, "index.ts"), wrong);
    const said = failed(await stack.run(args(), "preview"));
    writeFileSync(join(program, "index.ts"), files["index.ts"]);
    assert.match(
      said,
      /'node' does not exist in type 'HostPodRoutesArgs'\. Did you mean/,
    );
  });

  it("takes the routes away again", async () => {
    succeeded(await stack.run(args(), "destroy", "--yes", "--skip-preview"));
    for (const name of Object.keys(hosts)) {
      assert.deepEqual(await scenario.table(name), []);
    }
  });
});
