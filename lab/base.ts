import { join } from "node:path";
import { builtFrom, once } from "./cache.ts";
import { hasCommand, run, step } from "./exec.ts";
import { root } from "./paths.ts";

/** Why there can be no lab on this machine, or undefined if there can. */
export function labObstacle(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) {
    return "the lab of throwaway hosts needs Linux and root (network namespaces); your own hosts need neither, see README.md";
  }
  return undefined;
}

/** The commands that the lab uses, and the Debian packages that bring them. */
const tools = {
  ip: "iproute2",
  "ssh-keygen": "openssh-client",
  ping: "iputils-ping",
  pip3: "python3-pip",
  mmdebstrap: "mmdebstrap",
  "systemd-nspawn": "systemd-container",
  shellcheck: "shellcheck",
  etcd: "etcd-server",
  gcc: "build-essential",
  mawk: "mawk",
  gawk: "gawk",
  busybox: "busybox",
};

/** Installs the commands that are missing on this machine, where it is one with apt. */
export async function installTools(
  ...names: (keyof typeof tools)[]
): Promise<void> {
  const missing: string[] = [];
  for (const name of names) {
    if (!(await hasCommand(name))) {
      missing.push(tools[name]);
    }
  }
  if (missing.length === 0) {
    return;
  }
  if (!(await canInstall())) {
    throw new Error(
      `please install: ${missing.join(", ")} (there is no apt-get here, or no right to use it)`,
    );
  }
  await step(
    `Installing ${missing.join(", ")} with apt-get`,
    installPackages(missing),
  );
}

/** Whether packages of Debian can be installed here. */
export async function canInstall(): Promise<boolean> {
  return process.getuid?.() === 0 && (await hasCommand("apt-get"));
}

/** Installs packages of Debian. No service that is in them is started. */
export function installPackages(packages: readonly string[]): Promise<string> {
  const script = join(root, "lab/install.sh");
  // one after the other: `apt-get update` fails where another one is running
  return run("flock", ["/var/lib/dpkg", "sh", script, ...packages]);
}

/** The file system under every host; made once a machine. */
export async function base(): Promise<string> {
  const script = "hosts/base.sh";
  return once(builtFrom("base", script), async (directory) => {
    await step(
      "Making the file system of the hosts, a small Debian (a quarter of a minute)",
      run("sh", [join(root, "lab", script), directory]),
    );
  });
}
