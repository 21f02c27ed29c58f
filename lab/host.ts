import { spawn } from "node:child_process";
import { mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run, tryRun, until } from "./exec.ts";
import { readIfThere } from "./optionalFiles.ts";
import { root } from "./paths.ts";
import { commandLine, descendant, killNow } from "./processes.ts";

/** A host to be made. */
export interface HostSpec {
  readonly name: string;
  /** Addresses on the lab's network, with prefix length: `10.240.0.20/24`. The first is where SSH reaches it. */
  readonly addresses: readonly string[];
  /** plain: a second to start, no systemd. systemd: a whole system with networkd that can reboot. */
  readonly kind: "plain" | "systemd";
  /** Name of its network interface. Default: eth0. */
  readonly iface?: string;
  /**
   * Plain hosts: an address of a /24 on one more interface, `enp0s3`, which has the default route and
   * leads nowhere. So it looks on a virtual machine behind a NAT of its own. Default: there is none.
   */
  readonly natAddress?: string;
  /** Directories laid over the file system that all hosts share, the first on top. Default: none. */
  readonly layers?: readonly string[];
}

/** A host of a lab. */
export interface Host extends HostSpec {
  /** First address, without its prefix length. */
  readonly address: string;
  /** Host key as known_hosts has it, `ssh-ed25519 BASE64`. */
  readonly hostKey: string;
  readonly netns: string;
  /** Where its files are: `up` is what it wrote, `log` its console, `pid` what keeps it running. */
  readonly directory: string;
  /** The lab's namespace, and the name of the host's link there. */
  readonly lab: string;
  readonly link: string;
}

/** Lays out the files of a new host: a host key, who may log in, its name. */
export async function prepare(
  host: Omit<Host, "hostKey">,
  authorizedKey: string,
): Promise<Host> {
  const up = join(host.directory, "up");
  for (const sub of ["up/etc/ssh", "up/home", "work", "root"]) {
    mkdirSync(join(host.directory, sub), { recursive: true });
  }
  const key = join(up, "etc/ssh/ssh_host_ed25519_key");
  await generateKey(key, host.name);
  const users = {
    root: "0:0",
    "home/ops": "1000:1000",
    "home/guest": "1001:1001",
  };
  for (const [home, user] of Object.entries(users)) {
    const ssh = join(up, home, ".ssh");
    mkdirSync(ssh, { recursive: true, mode: 0o700 });
    writeFileSync(join(ssh, "authorized_keys"), authorizedKey, { mode: 0o600 });
    await run("chown", ["-R", user, join(up, home)]);
  }
  const names = `127.0.0.1 localhost\n127.0.1.1 ${host.name}\n`;
  writeFileSync(join(up, "etc/hosts"), names);
  writeFileSync(join(up, "etc/hostname"), `${host.name}\n`);
  if (host.kind === "systemd") {
    networkd(up, host);
  }
  const [type, data] = readFileSync(`${key}.pub`, "utf8").split(" ");
  return { ...host, hostKey: `${type} ${data}` };
}

/** Starts a host, from the files that it has over the file system `lower` that all hosts share. */
export async function launch(host: Host, lower: string): Promise<void> {
  const { name, kind, directory, netns, lab, link, addresses } = host;
  const { iface = "eth0", natAddress, layers = [] } = host;
  const script = join(root, `lab/hosts/${kind}-host.sh`);
  const plain = kind === "plain";
  const netScript = join(root, "lab/hosts/host-net.sh");
  const net = [netScript, lab, netns, link, iface];
  await run("sh", [...net, ...(plain ? addresses : [])]);
  if (plain && natAddress !== undefined) {
    await connectNat(netns, natAddress);
  }
  const start = ["sh", script, name, [...layers, lower].join(":"), directory];
  const unshare = ["unshare", "-m", "-u", "-i", "-p", "-f", "--kill-child"];
  const isolated = plain
    ? ["ip", "netns", "exec", netns, ...unshare, ...start]
    : [...start, netns, "sh", ...net];
  const log = openSync(join(directory, "log"), "a");
  const child = spawn(isolated[0] ?? "", isolated.slice(1), {
    detached: true,
    stdio: ["ignore", log, log],
  });
  writeFileSync(join(directory, "pid"), String(child.pid));
  child.unref();
}

/** Gives a host an interface at whose other end nobody answers, and its default route there. */
async function connectNat(netns: string, natAddress: string): Promise<void> {
  // VirtualBox's gateway: the second address of the network
  const gateway = natAddress.replace(/\d+\/24$/, "2");
  const setup = [
    "link add enp0s3 type veth peer name nat",
    `addr add ${natAddress} dev enp0s3`,
    "link set enp0s3 up",
    "link set nat up",
    `route add default via ${gateway}`,
  ];
  await ipBatch(netns, setup);
}

/** Runs commands of `ip` in a network namespace. */
export async function ipBatch(
  netns: string,
  commands: readonly string[],
): Promise<void> {
  const input = commands.join("\n");
  await run("ip", ["-n", netns, "-batch", "-"], { input });
}

/** Waits until SSH answers. */
export async function greets({ name, lab, address }: Host): Promise<void> {
  const greet =
    'exec 3<>"/dev/tcp/$0/22" && read -t 2 <&3 && [[ $REPLY = SSH* ]]';
  // --norc, because bash reads ~/.bashrc where its standard input is a socket
  const command = ["timeout", "3", "bash", "--norc", "-c", greet, address];
  const probe = ["netns", "exec", lab, ...command];
  await until(
    `${name} answers on SSH`,
    async () => (await tryRun("ip", probe)).code === 0 || undefined,
  );
}

/** Arguments with which nsenter runs a command in all namespaces of a process. */
export function allNamespacesOf(pid: number): string[] {
  return ["-t", `${pid}`, "-m", "-u", "-i", "-n", "-p", "--"];
}

/** The first process of a host: its sshd, or its systemd. undefined: it is not running. */
export function firstProcess(host: Host): number | undefined {
  const supervisor = Number(readFileSync(join(host.directory, "pid"), "utf8"));
  const generations =
    host.kind === "plain" ? ["sshd"] : ["systemd-nspawn", "systemd"];
  return generations.reduce<number | undefined>(
    (pid, wanted) => (pid === undefined ? undefined : descendant(pid, wanted)),
    supervisor,
  );
}

/** Kills what keeps a host running, if it is still the process that we started. */
export function killSupervisor(directory: string): void {
  const pid = Number(readIfThere(join(directory, "pid")));
  if (pid > 0 && commandLine(pid).includes(directory)) {
    killNow(pid);
  }
}

/** Kills all processes in a network namespace of the lab, and waits until they are gone. */
export async function killAll(netns: string): Promise<void> {
  await until(`the processes in ${netns} end`, async () => {
    const { stdout } = await tryRun("ip", ["netns", "pids", netns]);
    const pids = stdout.split("\n").filter(Boolean).map(Number);
    for (const pid of pids) {
      killNow(pid);
    }
    return pids.length === 0 || undefined;
  });
}

export async function generateKey(
  file: string,
  comment: string,
): Promise<void> {
  const options = ["-q", "-t", "ed25519", "-N", "", "-C", comment];
  await run("ssh-keygen", [...options, "-f", file]);
}

function networkd(up: string, { iface = "eth0", addresses }: HostSpec): void {
  const units = join(up, "etc/systemd/network");
  mkdirSync(units, { recursive: true });
  const lines = [
    "[Match]",
    `Name=${iface}`,
    "[Network]",
    "LinkLocalAddressing=no",
    "IPv6AcceptRA=no",
    ...addresses.map((address) => `Address=${address}`),
  ];
  writeFileSync(join(units, "10-lab.network"), `${lines.join("\n")}\n`);
}
