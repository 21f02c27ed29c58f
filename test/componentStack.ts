import assert from "node:assert/strict";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../lab/paths.ts";
import { ProgramStack, succeeded } from "./programStack.ts";
import { changesIn } from "./stacks.ts";

export type ComponentType =
  | "HostPodRoutes"
  | "FlannelOverlay"
  | "AwsPodRoutes"
  | "GcpPodRoutes"
  | "OpenStackPodRoutes";

/** The components that a program declares, by name. */
export type Components = Readonly<
  Record<
    string,
    {
      readonly type: ComponentType;
      readonly args: object;
      readonly opts?: { readonly aliases: readonly { name: string }[] };
      /** Settings of a provider of its own, by the package: `openstack`. */
      readonly provider?: readonly [name: string, settings: object];
    }
  >
>;

const components = join(root, "components");

/** Where each component is. */
const files: Readonly<Record<ComponentType, string>> = {
  HostPodRoutes: join(components, "hosts/hostPodRoutes.ts"),
  FlannelOverlay: join(components, "flannel/flannelOverlay.ts"),
  AwsPodRoutes: join(components, "aws/awsPodRoutes.ts"),
  GcpPodRoutes: join(components, "gcp/gcpPodRoutes.ts"),
  OpenStackPodRoutes: join(components, "openstack/openStackPodRoutes.ts"),
};

/** Declares the components that the JSON file $PROGRAM lists. */
const code = `
import { readFileSync } from "node:fs";

const files = ${JSON.stringify(files)};
for (const [name, { type, args, opts, provider }] of Object.entries(
  JSON.parse(readFileSync(process.env.PROGRAM, "utf8")),
)) {
  const { [type]: Component } = await import(files[type]);
  const [sdk = "", settings] = provider ?? [];
  const { Provider } = provider ? await import("@pulumi/" + sdk) : {};
  const providers = Provider && [new Provider("own", settings)];
  new Component(name, args, { ...opts, providers });
}
`;

/** A stack of a program of somebody's own that declares components. Stack and project can be renamed, and move to another backend. */
export class ComponentStack extends ProgramStack {
  protected readonly program: string;
  private project = "theirs";

  constructor(...stack: ConstructorParameters<typeof ProgramStack>) {
    super(...stack);
    this.program = this.directory;
    mkdirSync(this.program, { recursive: true });
    const modules = join(this.program, "node_modules");
    symlinkSync(join(root, "node_modules"), modules);
    const manifest = { type: "module", main: "index.js" };
    writeFileSync(join(this.program, "package.json"), JSON.stringify(manifest));
    writeFileSync(join(this.program, "index.js"), code);
    this.writeProject();
  }

  private writeProject(): void {
    const yaml = `name: ${this.project}\nruntime: nodejs\n`;
    writeFileSync(join(this.program, "Pulumi.yaml"), yaml);
  }

  /** Applies components; returns what was said. */
  async up(declared: Components, ...flags: string[]): Promise<string> {
    const args = ["up", "--yes", "--skip-preview", ...flags];
    return succeeded(await this.run(declared, ...args));
  }

  /** Asserts that neither a preview nor an update has anything to do. */
  async changesNothing(declared: Components): Promise<void> {
    succeeded(await this.run(declared, "preview", "--expect-no-changes"));
    await this.up(declared, "--expect-no-changes");
  }

  /** What a preview would do, by kind: `{ create: ["routes-rtb-1-10-200-0-0-24"] }`. */
  async plan(declared: Components): Promise<Record<string, string[]>> {
    const preview = ["preview", "--json"];
    return changesIn(succeeded(await this.run(declared, ...preview)));
  }

  /** Gives the stack, and its project, another name: `pulumi stack rename`. */
  async rename(name: string, project = this.project): Promise<void> {
    const from = `organization/${this.project}/${this.name}`;
    this.project = project;
    this.writeProject();
    const to = `organization/${project}/${name}`;
    const rename = ["stack", "rename", to, "--stack", from];
    succeeded(await this.pulumi(rename, this.program));
    this.name = name;
  }

  /** Moves the stack to this one, of another backend: `pulumi stack export` and `import`. */
  async moveTo(other: ComponentStack): Promise<void> {
    const file = join(this.program, "exported.json");
    const stack = ["--stack", this.name];
    const exported = ["stack", "export", "--show-secrets", "--file", file];
    succeeded(await this.pulumi([...exported, ...stack], this.program));
    const imported = ["stack", "import", "--file", file];
    succeeded(
      await other.pulumi([...imported, "--stack", other.name], other.program),
    );
    assert.equal(other.name, this.name);
  }
}
