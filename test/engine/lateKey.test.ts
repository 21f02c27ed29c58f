import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { succeeded } from "../programStack.ts";
import { ScratchStack, scratchProgram } from "../scratchProgram.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";
import { plainHosts, Scenario } from "./scenario.ts";

/** A program whose key is the output of a resource that takes its time. */
const program = `
const { readFileSync } = require("node:fs");
const pulumi = require("@pulumi/pulumi");
const { remote } = require("@pulumi/command");
const { HostPodRoutes } = require("pod-network-routes");

const { key, args } = JSON.parse(readFileSync(process.env.PROGRAM, "utf8"));
const { stdout } = new remote.Command("key", key);
const ssh = { ...args.ssh, privateKey: pulumi.secret(stdout) };
new HostPodRoutes("pods", { ...args, ssh });
`;

describe("a program whose key is the output of a slow resource", () => {
  const directory = temporaryDirectory("key");
  const hosts = { "node-0": 20, "node-1": 21, bastion: 2 };
  const scenario = new Scenario(plainHosts("10.240.0", hosts));
  let stack: ScratchStack;

  /** What is declared, in a network where the hosts are reached through the bastion. */
  const declared = (healInterval: number) => ({
    key: {
      connection: {
        host: "10.240.0.20",
        user: "root",
        privateKey: readFileSync(scenario.lab.key, "utf8"),
      },
      // longer than any patience with a value that is there already
      create: "sleep 12; cat",
      stdin: readFileSync(scenario.lab.key, "utf8"),
      triggers: [healInterval],
    },
    args: {
      healInterval,
      nodes: [0, 1].map((i) => ({
        name: `node-${i}`,
        internalIp: `10.240.0.2${i}`,
        podCidrs: [`10.200.${i}.0/24`],
      })),
      ssh: {
        knownHostsFile: scenario.lab.knownHosts,
        bastion: { host: "10.240.0.2" },
      },
    },
  });

  before(async () => {
    const own = await scratchProgram(directory);
    const files = {
      "Pulumi.yaml": "name: late-key\nruntime: nodejs\n",
      "package.json": '{ "main": "index.js" }',
      "index.js": program,
    };
    stack = await ScratchStack.of(own, "late", files, scenario.lab.netns);
  });

  it("is previewed, without a word about hosts that cannot be asked yet", async () => {
    const said = succeeded(await stack.run(declared(10), "preview"));
    assert.match(said, /command:remote:Command +pods-node-1@/);
    assert.doesNotMatch(said, /warning/);
  });

  it("is applied once the key is there", async () => {
    const said = succeeded(
      await stack.run(declared(10), "up", "--yes", "--skip-preview"),
    );
    assert.doesNotMatch(said, /warning: (cannot work on|no answer from)/);
    assert.deepEqual(await scenario.table("node-0"), [
      "10.200.1.0/24 via 10.240.0.21 dev eth0",
    ]);
  });
});
