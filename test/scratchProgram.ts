import {
  cpSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { getEngine } from "../lab/engine.ts";
import { run } from "../lab/exec.ts";
import { root } from "../lab/paths.ts";
import { ProgramStack } from "./programStack.ts";

/** What a package.json says that we read. */
interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly type?: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly peerDependencies: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta: Readonly<
    Record<string, { readonly optional: boolean }>
  >;
}

/**
 * Packs the components and makes a program's directory in which they are installed, beside nothing but
 * what they cannot do without and what a program in TypeScript has. Both are made in `parent`; returns
 * the directory of the program.
 */
export async function scratchProgram(parent: string): Promise<string> {
  const program = join(parent, "program");
  const installed = join(program, "node_modules/pod-network-routes");
  mkdirSync(installed, { recursive: true });
  const tarball = await packed(parent);
  await run("tar", ["-xzf", tarball, "-C", installed, "--strip-components=1"]);
  const asked = manifest(installed);
  const peers = Object.keys(asked.peerDependencies).filter(
    (name) => !asked.peerDependenciesMeta[name]?.optional,
  );
  for (const name of [
    ...Object.keys(asked.dependencies),
    ...peers,
    "typescript",
    "@types/node",
  ]) {
    const link = join(program, "node_modules", name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, "node_modules", name), link);
  }
  return program;
}

/** A stack of such a program. */
export class ScratchStack extends ProgramStack {
  protected readonly program: string;

  private constructor(
    program: string,
    ...rest: ConstructorParameters<typeof ProgramStack>
  ) {
    super(...rest);
    this.program = program;
  }

  /**
   * Writes the files of a program and makes a stack of it.
   *
   * @param program the directory that {@link scratchProgram} has made
   */
  static async of(
    program: string,
    name: string,
    files: Readonly<Record<string, string>>,
    netns?: string,
  ): Promise<ScratchStack> {
    for (const [file, text] of Object.entries(files)) {
      writeFileSync(join(program, file), text);
    }
    const engine = await getEngine("command");
    const env = { SSH_AUTH_SOCK: undefined };
    const parent = dirname(program);
    const stack = new ScratchStack(program, name, engine, env, parent, netns);
    return stack.init();
  }
}

/** The components as a tarball. They are packed from a copy: others may be packing them, too. */
async function packed(parent: string): Promise<string> {
  const copy = join(parent, "checkout");
  for (const name of ["components", "LICENSE", "tsconfig.json"]) {
    cpSync(join(root, name), join(copy, name), {
      recursive: true,
      filter: (path) => path !== join(root, "components/dist"),
    });
  }
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  const components = join(copy, "components");
  // the project's .npmrc turns scripts off, the one that compiles what is packed too
  const options = ["--ignore-scripts=false", "--pack-destination", parent];
  await run("npm", ["pack", ...options], { cwd: components });
  const { name, version } = manifest(components);
  return join(parent, `${name}-${version}.tgz`);
}

/** The package.json of a directory. */
export function manifest(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}
