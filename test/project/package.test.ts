import assert from "node:assert/strict";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import * as ts from "typescript";
import { run, tryRun } from "../../lab/exec.ts";
import { root } from "../../lab/paths.ts";
import { blocksRunBy } from "../readmeBlocks.ts";
import { manifest, scratchProgram } from "../scratchProgram.ts";
import { temporaryDirectory } from "../temporaryDirectory.ts";

const directory = temporaryDirectory("package");
const clouds = { aws: "Aws", gcp: "Gcp", openstack: "OpenStack" };
let program: string;
let installed: string;

before(async () => {
  program = await scratchProgram(directory);
  installed = join(program, "node_modules/pod-network-routes");
});

describe("the package", () => {
  it("holds the compiled components with their types, the scripts for hosts, licence and README, and nothing else", () => {
    const files = filesBelow(installed)
      .filter((file) => /\.\w+$|LICENSE/.test(file))
      .sort();
    const compiled = files
      .filter((file) => file.endsWith(".js"))
      .map((file) => file.slice("dist/".length, -".js".length));
    const scripts = filesBelow(join(root, "components")).filter(
      (file) => file.endsWith(".sh") && !file.startsWith("dist/"),
    );
    assert.deepEqual(
      files,
      [
        "README.md",
        "package.json",
        "dist/LICENSE",
        ...compiled.flatMap((name) => [`dist/${name}.d.ts`, `dist/${name}.js`]),
        ...scripts.map((name) => `dist/${name}`),
      ].sort(),
    );
    for (const name of compiled) {
      assert.ok(existsSync(join(root, "components", `${name}.ts`)), name);
    }
    // what reads the configuration of the program is no part of it
    assert.ok(compiled.includes("hosts/hostPodRoutes"));
    assert.ok(!compiled.some((name) => name.startsWith("program")));
  });

  it("is packed and installed by README's commands", async () => {
    const clone = join(directory, "pod-network-routes");
    await run("git", ["clone", "-q", root, clone]);
    symlinkSync(join(root, "node_modules"), join(clone, "node_modules"));
    const mine = join(directory, "my-program");
    mkdirSync(mine);
    writeFileSync(join(mine, "package.json"), "{}");
    const [commands = ""] = blocksRunBy("test/project/package.test.ts");
    // the packages are there already, by a link, which npm ci would replace
    const rest = commands.replace(/^npm ci\n/, "");
    assert.notEqual(rest, commands);
    await run("sh", ["-e", "-c", rest], { cwd: clone });
    const code = 'console.log(Object.keys(require("pod-network-routes")))';
    const names = await run(process.execPath, ["--eval", code], { cwd: mine });
    assert.equal(names, "[ 'FlannelOverlay', 'HostPodRoutes' ]\n");
  });

  it("asks for what it imports, and for nothing else", () => {
    const dist = join(installed, "dist");
    const imported = filesBelow(dist)
      .filter((file) => file.endsWith(".js"))
      .flatMap((file) => [
        ...readFileSync(join(dist, file), "utf8").matchAll(
          /^(?!\/\/|\s*\*).*\b(?:from |import\()"((?!node:)(?:@[\w-]+\/)?[\w-][\w.-]*)(?:\/[^"]*)?"/gm,
        ),
      ])
      .map(([, name]) => name);
    const { dependencies, peerDependencies } = manifest(installed);
    assert.deepEqual(
      Object.keys({ ...dependencies, ...peerDependencies }).sort(),
      [...new Set(imported)].sort(),
    );
  });

  it("has the version of the project, and asks for what the project is tested with", () => {
    const project = manifest(root);
    const { version, dependencies, peerDependencies } = manifest(installed);
    assert.equal(version, project.version);
    for (const [name, range] of Object.entries({
      ...dependencies,
      ...peerDependencies,
    })) {
      const { version } = manifest(join(root, "node_modules", name));
      assert.equal(range.replace("^", ""), version.replace("v", ""), name);
    }
  });

  it("consists of ES modules, as the project does", () => {
    // without this, Pulumi loads index.ts but does not call it, and a preview deletes everything
    assert.equal(manifest(root).type, "module");
    assert.equal(manifest(installed).type, "module");
  });

  it("has a command that checks a stack", async () => {
    // as npm installed it, by README's commands
    const cwd = join(directory, "my-program");
    const command = join(cwd, "node_modules/.bin/pod-network-routes-verify");
    const help = await tryRun(command, ["--help"], { cwd });
    assert.equal(help.code, 0, help.stderr);
    assert.match(help.stdout, /npx pod-network-routes-verify /);
    const wrong = await tryRun(command, ["--nope"], { cwd });
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  });

  it("gives its component to ES modules too", async () => {
    const { stdout, stderr } = await node(
      ["--input-type=module"],
      'import { HostPodRoutes } from "pod-network-routes"; console.log(HostPodRoutes.name)',
    );
    assert.equal(stdout, "HostPodRoutes\n", stderr);
  });

  it("names the SDK that a cloud's component lacks", async () => {
    for (const cloud of Object.keys(clouds)) {
      const imports = `require("pod-network-routes/${cloud}")`;
      const { code, stderr } = await node([], imports);
      assert.notEqual(code, 0);
      const missing = new RegExp(`Cannot find package '@pulumi/${cloud}'`);
      assert.match(stderr, missing);
    }
  });

  it("gives each cloud's component where its SDK is installed", async () => {
    for (const [cloud, name] of Object.entries(clouds)) {
      const sdk = join("node_modules/@pulumi", cloud);
      symlinkSync(join(root, sdk), join(program, sdk));
      const { stdout, stderr } = await node(
        [],
        `console.log(require("pod-network-routes/${cloud}").${name}PodRoutes.name)`,
      );
      rmSync(join(program, sdk));
      assert.equal(stdout, `${name}PodRoutes\n`, stderr);
    }
  });
});

describe("the package's types", () => {
  const all = `
    import type * as pulumi from "@pulumi/pulumi";
    import { HostPodRoutes, type HostPodRoutesArgs, type NodeArgs, type Route, type SshArgs } from "pod-network-routes";
    import { AwsPodRoutes, type AwsPodRoutesArgs } from "pod-network-routes/aws";
    import { GcpPodRoutes, type GcpPodRoutesArgs } from "pod-network-routes/gcp";
    import { OpenStackPodRoutes, type OpenStackPodRoutesArgs } from "pod-network-routes/openstack";
    import { type Report, verify } from "pod-network-routes/verify";
    const nodes: NodeArgs[] = [{ name: "node-0", internalIp: "198.19.249.34", podCidrs: ["10.200.0.0/24"] }];
    const opts: pulumi.ComponentResourceOptions = { protect: true };
    const key = undefined as unknown as pulumi.Output<string>;
  `;
  const args = `
    const ssh: SshArgs = { privateKey: key };
    const host: HostPodRoutesArgs = { nodes, ssh };
    const aws: AwsPodRoutesArgs = { instances: { names: ["worker-*"] } };
    const gcp: GcpPodRoutesArgs = { nodes, network: "default", nextHop: "instance" };
    const openstack: OpenStackPodRoutesArgs = { nodes, mode: "router", router: "r" };
  `;

  for (const [resolution, module] of [
    [ts.ModuleResolutionKind.NodeNext, ts.ModuleKind.NodeNext],
    [ts.ModuleResolutionKind.Node10, ts.ModuleKind.CommonJS],
  ] as const) {
    it(`fit with moduleResolution ${ts.ModuleResolutionKind[resolution]}, also without the SDKs of the clouds`, () => {
      const made = `
        const tables: pulumi.Output<Route[]>[] = [
          new HostPodRoutes("a", host, opts).routeTable,
          new AwsPodRoutes("b", aws, opts).routeTable,
          new GcpPodRoutes("c", gcp, opts).routeTable,
          new OpenStackPodRoutes("d", openstack, opts).routeTable,
        ];
        const ids: pulumi.Output<string>[] = [new AwsPodRoutes("e", aws).vpcId, new GcpPodRoutes("f", gcp).network];
        const report: Promise<Report> = verify({ stack: "prod" });
        console.log(tables, ids, report);
      `;
      const options = { moduleResolution: resolution, module };
      assert.deepEqual(mistakes(`${all}${args}${made}`, options), []);
    });
  }

  it("refuse arguments that are wrong", () => {
    const wrong: [string, RegExp][] = [
      [
        'new HostPodRoutes("a", { machineFile: "machines.txt" })',
        /'machineFile' does not exist in type 'HostPodRoutesArgs'\. Did you mean/,
      ],
      [
        'new HostPodRoutes("a", { nodes: [{ name: "node-0" }] })',
        /'internalIp' is missing in type .* but required in type 'NodeArgs'/,
      ],
      [
        'new HostPodRoutes("a", { nodes, ssh: { port: "22" } })',
        /'string' is not assignable to type 'number'/,
      ],
      [
        'new HostPodRoutes("a", { serviceCidrs: [key] })',
        /'Output<string>' is not assignable to type 'string'/,
      ],
      [
        'new AwsPodRoutes("a", { routeTables: { tag: "kubernetes" } })',
        /'tag' does not exist in type 'RouteTablesArgs'/,
      ],
      [
        'new GcpPodRoutes("a", { nodes })',
        /Property 'network' is missing in type/,
      ],
      [
        'new OpenStackPodRoutes("a", { nodes, mode: "host" })',
        /'"host"' is not assignable to type '"subnet" \| "router"/,
      ],
    ];
    const found = mistakes([all, ...wrong.map(([code]) => code)].join(";\n"));
    assert.equal(found.length, wrong.length, found.join("\n"));
    for (const [i, [, mistake]] of wrong.entries()) {
      assert.match(found[i] ?? "", mistake);
    }
  });

  it("say of each component, argument and output what it is", () => {
    const file = write(all);
    const checked = check(file, {});
    const checker = checked.getTypeChecker();
    const silent: string[] = [];
    const look = (symbol: ts.Symbol, path: string) => {
      if (symbol.getDocumentationComment(checker).length === 0) {
        silent.push(path);
      }
    };
    const source = checked.getSourceFile(file);
    assert.ok(source);
    const imported = checker
      .getSymbolsInScope(source, ts.SymbolFlags.Alias)
      .map((alias) => checker.getAliasedSymbol(alias))
      .filter(({ name }) => /PodRoutes|NodeArgs|SshArgs|Route$/.test(name));
    assert.equal(imported.length, 11);
    for (const symbol of imported) {
      look(symbol, symbol.name);
      const type = checker.getDeclaredTypeOfSymbol(symbol);
      const ours = type
        .getProperties()
        .filter(({ valueDeclaration, flags }) => {
          const { fileName = "" } = valueDeclaration?.getSourceFile() ?? {};
          const hidden = valueDeclaration
            ? ts.getCombinedModifierFlags(valueDeclaration)
            : 0;
          return (
            flags & ts.SymbolFlags.Property &&
            fileName.startsWith(installed) &&
            !(hidden & (ts.ModifierFlags.Private | ts.ModifierFlags.Protected))
          );
        });
      assert.ok(ours.length >= 3, symbol.name);
      for (const property of ours) {
        look(property, `${symbol.name}.${property.name}`);
      }
    }
    assert.deepEqual(silent, []);
  });

  it("fit the example of the package's README", () => {
    const readme = readFileSync(join(installed, "README.md"), "utf8");
    const [, example] = /```ts\n([\s\S]*?)```/.exec(readme) ?? [];
    assert.ok(example);
    assert.deepEqual(mistakes(example), []);
  });
});

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, encoding: "utf8" });
}

/** Runs a line of JavaScript in the program's directory. */
function node(options: string[], code: string) {
  return tryRun(process.execPath, [...options, "--eval", code], {
    cwd: program,
  });
}

function write(text: string): string {
  const file = join(program, "index.ts");
  writeFileSync(file, text);
  return file;
}

function check(file: string, options: ts.CompilerOptions): ts.Program {
  return ts.createProgram([file], {
    strict: true,
    noEmit: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    types: ["node"],
    typeRoots: [join(program, "node_modules/@types")],
    ...options,
  });
}

/** What is wrong with the types of a program, and with those of the package. Those of other packages are their own affair. */
function mistakes(text: string, options: ts.CompilerOptions = {}): string[] {
  const checked = check(write(text), options);
  return [
    ...checked.getOptionsDiagnostics(),
    ...checked
      .getSourceFiles()
      .filter(({ fileName }) => fileName.startsWith(directory))
      .flatMap((file) => [
        ...checked.getSyntacticDiagnostics(file),
        ...checked.getSemanticDiagnostics(file),
      ]),
  ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, " "));
}
