import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { failed } from "../programStack.ts";
import { ScratchStack, scratchProgram } from "../scratchProgram.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";

const make =
  'new HostPodRoutes("pods", { nodes: [], healInterval: 0, ssh: { agentSocket: "/run/agent" } }';

/** Where a program of one's own constructs a component whose arguments have a fault. */
const places = {
  "at its top": `${make});`,
  "in an async function": `module.exports = async () => { await null; ${make}); };`,
  "in an async function that nobody waits for": `(async () => { await null; ${make}); })();`,
  "in an apply": `pulumi.output(1).apply(() => { ${make}); });`,
  "in a component of its own": `
    class Cluster extends pulumi.ComponentResource {
      constructor(name) {
        super("own:index:Cluster", name);
        ${make}, { parent: this });
      }
    }
    new Cluster("cluster");`,
};

describe("a program of one's own that gives a component bad arguments", () => {
  const directory = temporaryDirectory("own");
  let program: string;
  let stack: ScratchStack;

  before(async () => {
    program = await scratchProgram(directory);
    stack = await ScratchStack.of(program, "own", {
      "Pulumi.yaml": "name: own\nruntime: nodejs\n",
      "package.json": '{ "main": "index.js" }',
    });
  });

  for (const [place, code] of Object.entries(places)) {
    it(`ends with the faults alone, each once, when it does so ${place}`, async () => {
      const imports = `
        const pulumi = require("@pulumi/pulumi");
        const { HostPodRoutes } = require("pod-network-routes");`;
      writeFileSync(join(program, "index.js"), `${imports}\n${code}`);
      const said = failed(await stack.run({}, "preview"));
      const [, diagnostics = ""] = said.split(/^Diagnostics:\n/m);
      const [error] = diagnostics.split("\n\n");
      assert.deepEqual(error?.split("\n"), [
        "  pulumi:pulumi:Stack (own-own):",
        "    error: the configuration cannot be used: 1 fault; nothing was changed",
        "      - healInterval: 0 is not allowed: expected 1 to 3600",
      ]);
    });
  }

  it("can catch the error, with the path and the reason of each fault", async () => {
    const code = `
      const pulumi = require("@pulumi/pulumi");
      const { HostPodRoutes } = require("pod-network-routes");
      try {
        ${make});
      } catch (error) {
        const isInput = pulumi.InputPropertiesError.isInstance(error);
        console.log(JSON.stringify([isInput, error.errors]));
      }`;
    const { stdout } = await stack.inside([process.execPath, "--eval", code]);
    const fault = {
      propertyPath: "healInterval",
      reason: "0 is not allowed: expected 1 to 3600",
    };
    assert.deepEqual(JSON.parse(stdout), [true, [fault]]);
  });
});
