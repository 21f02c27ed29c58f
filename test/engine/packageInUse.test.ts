import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import type { HostPodRoutesArgs } from "../../components/index.ts";
import { failed, succeeded } from "../programStack.ts";
import { ScratchStack, scratchProgram } from "../scratchProgram.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";
import { plainHosts, Scenario } from "./scenario.ts";

type Files = Readonly<Record<string, string>>;

/** Both programs declare the same; the arguments are in the file $PROGRAM. */
const index = `
import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import { HostPodRoutes, type HostPodRoutesArgs, type Route } from "pod-network-routes";

const args: HostPodRoutesArgs = JSON.parse(readFileSync(process.env.PROGRAM ?? "", "utf8"));
const group = new pulumi.ComponentResource("scratch:index:Group", "group");
const routes = new HostPodRoutes("pods", args, { parent: group });
const table: pulumi.Output<Route[]> = routes.routeTable;
export const hops = table.apply((all) => all.map(({ destination, nextHop }) => destination + " " + nextHop));
export const persistence = routes.persistence;
`;

/** As `pulumi new typescript` writes them: CommonJS, compiled and checked by ts-node when it is run. */
const template: Files = {
  "Pulumi.yaml": `name: scratch
runtime:
  name: nodejs
  options:
    packagemanager: npm
`,
  "package.json": `{ "name": "scratch", "main": "index.ts" }`,
  "tsconfig.json": `{
    "compilerOptions": {
        "strict": true,
        "outDir": "bin",
        "target": "es2020",
        "module": "commonjs",
        "moduleResolution": "node",
        "sourceMap": true,
        "experimentalDecorators": true,
        "pretty": true,
        "noFallthroughCasesInSwitch": true,
        "noImplicitReturns": true,
        "forceConsistentCasingInFileNames": true
    },
    "files": [
        "index.ts"
    ]
}`,
  "index.ts": index,
};

/** ES modules that Node.js itself reads. */
const esModule: Files = {
  "Pulumi.yaml": `name: scratch
runtime:
  name: nodejs
  options:
    typescript: false
`,
  "package.json": `{ "type": "module", "main": "index.ts" }`,
  "index.ts": index,
};

const nodes = [
  { name: "server", internalIp: "10.240.0.10" },
  { name: "node-0", internalIp: "10.240.0.20", podCidrs: ["10.200.0.0/24"] },
  { name: "node-1", internalIp: "10.240.0.21", podCidrs: ["10.200.1.0/24"] },
];

const apply = ["up", "--yes", "--skip-preview"];

describe("a program that imports the package", () => {
  const directory = temporaryDirectory("import");
  const hosts = { server: 10, "node-0": 20, "node-1": 21 };
  const scenario = new Scenario(plainHosts("10.240.0", hosts));
  const args = (): HostPodRoutesArgs => ({
    nodes,
    ssh: {
      privateKeyFile: scenario.lab.key,
      knownHostsFile: scenario.lab.knownHosts,
    },
  });
  let program: string;
  let stack: ScratchStack;

  before(async () => {
    program = await scratchProgram(directory);
  });

  async function makeStack(name: string, files: Files): Promise<void> {
    rmSync(join(program, "tsconfig.json"), { force: true });
    const { netns } = scenario.lab;
    stack = await ScratchStack.of(program, name, files, netns);
  }

  for (const [title, name, files, importVerify, ...options] of [
    [
      "and was made by pulumi new typescript",
      "template",
      template,
      'const { verify } = require("pod-network-routes/verify");',
    ],
    [
      "and is an ES module",
      "modules",
      esModule,
      'import { verify } from "pod-network-routes/verify";',
      "--input-type=module",
    ],
  ] as const) {
    describe(title, () => {
      before(() => makeStack(name, files));

      it("previews the commands of all hosts, and touches none", async () => {
        const before = await scenario.everything("node-0");
        const said = succeeded(await stack.run(args(), "preview"));
        for (const host of Object.keys(hosts)) {
          assert.match(
            said,
            new RegExp(`command:remote:Command +pods-${host}@`),
          );
        }
        assert.doesNotMatch(said, /warning/i);
        assert.equal(await scenario.everything("node-0"), before);
      });

      it("gives the hosts their routes, and a second run changes nothing", async () => {
        succeeded(await stack.run(args(), ...apply));
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
        succeeded(await stack.run(args(), ...apply, "--expect-no-changes"));
      });

      it("can be checked by a program that imports the check", async () => {
        const { stdout, stderr } = await stack.inside([
          process.execPath,
          ...options,
          "--eval",
          `${importVerify} verify({ stack: "${name}" })
            .then(({ ok, hosts }) => console.log(ok, hosts.map(({ node }) => node).join()))`,
        ]);
        assert.equal(stderr, "", "neither an error nor a warning");
        assert.equal(stdout, "true node-0,node-1,server\n");
      });

      it("is told all that is wrong with its arguments, by their paths", async () => {
        const wrong = { healInterval: 0, serviceCidrs: ["10.200.0.0/16"] };
        const said = failed(
          await stack.run({ ...args(), ...wrong }, "preview"),
        );
        assert.match(said, /healInterval/);
        assert.match(said, /10\.200\.0\.0\/16/);
        assert.doesNotMatch(said, /node_modules/, "no stack trace");
      });

      it("takes the routes away again", async () => {
        succeeded(
          await stack.run(args(), "destroy", "--yes", "--skip-preview"),
        );
        for (const host of Object.keys(hosts)) {
          assert.deepEqual(await scenario.table(host), []);
        }
      });
    });
  }

  it("is not run where its types are wrong", async () => {
    const wrong = index.replace("args, {", "{ node: [] }, {");
    await makeStack("types", { ...template, "index.ts": wrong });
    const said = failed(await stack.run(args(), "preview"));
    assert.match(
      said,
      /'node' does not exist in type 'HostPodRoutesArgs'\. Did you mean/,
    );
  });
});
