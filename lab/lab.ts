import { spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { base } from "./base";
import { type Result, run, tryRun, until } from "./exec";
import { labs, root } from "./paths";

/** What a host is to be. */
export interface HostSpec {
  readonly name: string;
  /** Addresses on the lab's network, with prefix length: `10.240.0.20/24`. The first is where SSH reaches it. */
  readonly addresses: readonly string[];
  /** plain: a second to start, no systemd. systemd: a whole system with networkd that can reboot. */
  readonly kind: "plain" | "systemd";
  /** Name of its network interface. Default: eth0. */
  readonly iface?: string;
}

/** A running host. */
export interface Host extends HostSpec {
  /** First address, without its prefix length. */
  readonly address: string;
  /** Host key as known_hosts has it, `ssh-ed25519 BASE64`. */
  readonly hostKey: string;
  readonly netns: string;
}

interface Saved {
  readonly owner: number;
  readonly hosts: Host[];
  readonly pods: Record<string, readonly string[]>;
}

/**
 * Throwaway Linux hosts on a network of their own: a bridge in a network namespace that has no way
 * out. Everything of a lab is named after it, so labs do not see each other.
 */
export class Lab {
  private constructor(
    readonly id: string,
    readonly hosts: Host[] = [],
    private readonly podCidrs: Record<string, readonly string[]> = {},
  ) {}

  /** Where the lab keeps its files. */
  get directory(): string {
    return join(labs, this.id);
  }

  /** The network namespace with the bridge: the engine and SSH run in it, so that no packet can leave. */
  get netns(): string {
    return `pnr-${this.id}`;
  }

  /** The private key that every host lets in. */
  get key(): string {
    return join(this.directory, "id_ed25519");
  }

  get knownHosts(): string {
    return join(this.directory, "known_hosts");
  }

  /** A new lab. `addresses` are the lab's own on its bridge: one for each network that its hosts are in. */
  static async raise(
    id: string,
    addresses: readonly string[],
    owner = process.pid,
  ): Promise<Lab> {
    const lab = new Lab(id);
    await lab.down();
    mkdirSync(lab.directory, { recursive: true, mode: 0o700 });
    lab.save(owner);
    await run("ip", ["netns", "add", lab.netns]);
    const setup = [
      "link set lo up",
      "link add br0 type bridge",
      ...addresses.map((a) => `addr add ${a} dev br0`),
      "link set br0 up",
    ];
    await run("ip", ["-n", lab.netns, "-batch", "-"], {
      input: setup.join("\n"),
    });
    await run("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      "lab",
      "-f",
      lab.key,
    ]);
    return lab;
  }

  /** The lab of that name, whether it is up or not. */
  static named(id: string): Lab {
    const saved = read(id);
    return new Lab(id, saved?.hosts, saved?.pods);
  }

  /** Whether the lab is there with every host running. */
  async isUp(): Promise<boolean> {
    return (
      read(this.id) !== undefined &&
      existsSync(`/run/netns/${this.netns}`) &&
      this.hosts.every((host) => this.isRunning(host.name))
    );
  }

  /** Takes down every lab whose owner has died without doing so. */
  static async sweep(): Promise<void> {
    for (const id of existsSync(labs) ? readdirSync(labs) : []) {
      const owner = read(id)?.owner;
      if (owner !== permanent && !existsSync(`/proc/${owner}`)) {
        await new Lab(id).down();
      }
    }
  }

  /** Starts hosts, all at once, and waits until each greets on the SSH port. */
  async add(...specs: HostSpec[]): Promise<void> {
    const from = this.hosts.length;
    const lower = await base();
    const started = await Promise.all(
      specs.map((spec, i) => this.start(spec, from + i, lower)),
    );
    this.hosts.push(...started);
    this.save();
    writeFileSync(
      this.knownHosts,
      this.hosts.map((h) => `${h.address} ${h.hostKey}\n`).join(""),
    );
    await Promise.all(started.map((host) => this.greets(host)));
  }

  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) {
      throw new Error(`no host ${name} in lab ${this.id}`);
    }
    return found;
  }

  /** Waits until SSH answers. */
  async greets({ name, address }: Host): Promise<void> {
    const greet =
      'exec 3<>"/dev/tcp/$0/22" && read -t 2 <&3 && [[ $REPLY = SSH* ]]';
    await until(`${name} answers on SSH`, async () => {
      const { code } = await this.inside("timeout", [
        "3",
        "bash",
        "-c",
        greet,
        address,
      ]);
      return code === 0 ? true : undefined;
    });
  }

  /** Runs a command in the lab's network, on this machine's file system. */
  inside(command: string, args: readonly string[]): Promise<Result> {
    return tryRun("ip", ["netns", "exec", this.netns, command, ...args]);
  }

  /** Runs a shell command as root on a host, not by SSH; throws if it fails. */
  async on(name: string, command: string, input?: string): Promise<string> {
    const args = [
      "-t",
      String(this.firstProcess(name)),
      "-m",
      "-u",
      "-i",
      "-n",
      "-p",
      "--",
      "/bin/sh",
      "-c",
      command,
    ];
    return run("nsenter", args, input === undefined ? {} : { input });
  }

  /** Gives a host a pod for each CIDR: a network namespace behind a bridge, as a CNI plugin would. Its address is the second of the CIDR. */
  async addPod(name: string, cidrs: readonly string[]): Promise<void> {
    await this.removePod(name);
    this.podCidrs[name] = cidrs;
    this.save();
    const { netns } = this.host(name);
    const pod = `${netns}-pod`;
    await run("ip", ["netns", "add", pod]);
    const bridge = cidrs.map(
      (cidr) => `addr add ${nth(cidr, 1, true)} dev cni0`,
    );
    const host = [
      "link add cni0 type bridge",
      "link set cni0 up",
      ...bridge,
      `link add pod0 type veth peer name eth0 netns ${pod}`,
      "link set pod0 master cni0 up",
    ];
    await run("ip", ["-n", netns, "-batch", "-"], { input: host.join("\n") });
    const inside = cidrs.flatMap((cidr) => [
      `addr add ${nth(cidr, 2, true)} dev eth0`,
      `route add default via ${nth(cidr, 1)}`,
    ]);
    await run("ip", ["-n", pod, "-batch", "-"], {
      input: ["link set lo up", "link set eth0 up", ...inside].join("\n"),
    });
  }

  /** Takes the pod of a host away. */
  async removePod(name: string): Promise<void> {
    const { netns } = this.host(name);
    await tryRun("ip", ["netns", "del", `${netns}-pod`]);
    await tryRun("ip", ["-n", netns, "link", "del", "cni0"]);
    delete this.podCidrs[name];
    this.save();
  }

  /** Lists a further address of a host in known_hosts. */
  alsoAt(name: string, address: string): void {
    appendFileSync(this.knownHosts, `${address} ${this.host(name).hostKey}\n`);
  }

  /** Every pod of the lab: its host, and the address that answers. */
  pods(): { host: string; address: string }[] {
    return Object.entries(this.podCidrs).flatMap(([host, cidrs]) =>
      cidrs.map((cidr) => ({ host, address: nth(cidr, 2) })),
    );
  }

  /** One real ping from the pod on one host to an address. */
  async ping(from: string, address: string): Promise<boolean> {
    const pod = `${this.host(from).netns}-pod`;
    const { code } = await tryRun("ip", [
      "netns",
      "exec",
      pod,
      "ping",
      "-c1",
      "-W2",
      address,
    ]);
    return code === 0;
  }

  /** Pings without a pause from a pod, until stopped; then says how many packets were sent and how many came back. */
  pinging(
    from: string,
    address: string,
  ): () => Promise<{ sent: number; received: number }> {
    const pod = `${this.host(from).netns}-pod`;
    const child = spawn("ip", [
      "netns",
      "exec",
      pod,
      "ping",
      "-i",
      "0.02",
      "-q",
      address,
    ]);
    let out = "";
    child.stdout.on("data", (data) => {
      out += data;
    });
    return async () => {
      child.kill("SIGINT");
      await new Promise((resolve) => child.on("close", resolve));
      const [, sent, received] =
        /(\d+) packets transmitted, (\d+) received/.exec(out) ?? [];
      return { sent: Number(sent), received: Number(received) };
    };
  }

  /** Stops a host as a power cut would; its address answers no more. */
  async kill(name: string): Promise<void> {
    const { netns } = this.host(name);
    await killAll(netns);
    await run("ip", [
      "-n",
      netns,
      "link",
      "set",
      this.host(name).iface ?? "eth0",
      "down",
    ]);
  }

  /** Takes everything of the lab away; whatever state it is in. */
  async down(): Promise<void> {
    const namespaces = (await run("ip", ["netns", "list"]))
      .split("\n")
      .map((line) => line.split(" ")[0] ?? "");
    const ours = namespaces.filter(
      (name) => name === this.netns || name.startsWith(`${this.netns}-`),
    );
    const supervisors = join(this.directory, "hosts");
    for (const name of existsSync(supervisors)
      ? readdirSync(supervisors)
      : []) {
      killSupervisor(join(supervisors, name));
    }
    await Promise.all(ours.map(killAll));
    for (const name of ours) {
      await tryRun("ip", ["netns", "del", name]);
      for (const hierarchy of [
        "/sys/fs/cgroup/systemd",
        "/sys/fs/cgroup/unified",
        "/sys/fs/cgroup",
      ]) {
        await tryRun("find", [
          join(hierarchy, name),
          "-depth",
          "-type",
          "d",
          "-exec",
          "rmdir",
          "{}",
          ";",
        ]);
      }
    }
    for (const name of existsSync(supervisors)
      ? readdirSync(supervisors)
      : []) {
      await tryRun("umount", ["-l", join(supervisors, name, "root")]);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  private async start(
    spec: HostSpec,
    index: number,
    lower: string,
  ): Promise<Host> {
    const { name, kind, addresses, iface = "eth0" } = spec;
    const directory = join(this.directory, "hosts", name);
    const up = join(directory, "up");
    for (const sub of ["up/etc/ssh", "work", "root"]) {
      mkdirSync(join(directory, sub), { recursive: true });
    }
    const key = join(up, "etc/ssh/ssh_host_ed25519_key");
    await run("ssh-keygen", [
      "-q",
      "-t",
      "ed25519",
      "-N",
      "",
      "-C",
      name,
      "-f",
      key,
    ]);
    await this.authorize(up);
    writeFileSync(join(up, "etc/hostname"), `${name}\n`);
    writeFileSync(
      join(up, "etc/hosts"),
      `127.0.0.1 localhost\n127.0.1.1 ${name}\n`,
    );
    const netns = `${this.netns}-${name}`;
    const plain = kind === "plain";
    const net = [
      "sh",
      join(root, "lab/hosts/host-net.sh"),
      this.netns,
      netns,
      `v${index}`,
      iface,
      ...(plain ? addresses : []),
    ];
    await run("sh", net.slice(1));
    if (!plain) {
      networkd(up, iface, addresses);
    }
    const script = join(root, `lab/hosts/${kind}-host.sh`);
    const unshared = [
      "ip",
      "netns",
      "exec",
      netns,
      "unshare",
      "-m",
      "-u",
      "-i",
      "-p",
      "-f",
      "--kill-child",
      "sh",
      script,
      name,
      lower,
      directory,
    ];
    const command = plain
      ? unshared
      : ["unshare", "-m", "sh", script, name, lower, directory, netns, ...net];
    const log = openSync(join(directory, "log"), "a");
    const child = spawn(command[0] ?? "", command.slice(1), {
      detached: true,
      stdio: ["ignore", log, log],
    });
    writeFileSync(join(directory, "pid"), String(child.pid));
    child.unref();
    const [type, data] = readFileSync(`${key}.pub`, "utf8").split(" ");
    return {
      ...spec,
      address: addresses[0]?.split("/")[0] ?? "",
      hostKey: `${type} ${data}`,
      netns,
    };
  }

  private async authorize(up: string): Promise<void> {
    for (const [home, user] of [
      ["root", "0:0"],
      ["home/ops", "1000:1000"],
      ["home/guest", "1001:1001"],
    ] as const) {
      const ssh = join(up, home, ".ssh");
      mkdirSync(join(up, "home"), { recursive: true });
      mkdirSync(ssh, { recursive: true, mode: 0o700 });
      writeFileSync(
        join(ssh, "authorized_keys"),
        readFileSync(`${this.key}.pub`),
        { mode: 0o600 },
      );
      await run("chown", ["-R", user, join(up, home)]);
    }
  }

  private isRunning(name: string): boolean {
    try {
      return this.firstProcess(name) > 0;
    } catch {
      return false;
    }
  }

  /** The first process of a host: its sshd, or its systemd. */
  private firstProcess(name: string): number {
    const supervisor = Number(
      readFileSync(join(this.directory, "hosts", name, "pid"), "utf8"),
    );
    const generations =
      this.host(name).kind === "plain"
        ? ["sshd"]
        : ["systemd-nspawn", "systemd"];
    const first = generations.reduce<number | undefined>(
      (pid, wanted) =>
        pid === undefined ? undefined : descendant(pid, wanted),
      supervisor,
    );
    if (first === undefined) {
      throw new Error(`${name} is not running`);
    }
    return first;
  }

  private save(owner = read(this.id)?.owner ?? process.pid): void {
    const saved: Saved = { owner, hosts: this.hosts, pods: this.podCidrs };
    writeFileSync(join(this.directory, "lab.json"), JSON.stringify(saved));
  }
}

function read(id: string): Saved | undefined {
  const file = join(labs, id, "lab.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}

/** Owner of a lab that outlives the process that raised it. */
export const permanent = 0;

/** The nth address of a CIDR, IPv4 or a compressed IPv6 ending in `::`. */
export function nth(cidr: string, n: number, withPrefix = false): string {
  const [network = "", prefix] = cidr.split("/");
  const address = network.includes(":")
    ? `${network}${n}`
    : network.replace(/\d+$/, (last) => String(Number(last) + n));
  return withPrefix ? `${address}/${prefix}` : address;
}

function networkd(
  up: string,
  iface: string,
  addresses: readonly string[],
): void {
  const units = join(up, "etc/systemd/network");
  mkdirSync(units, { recursive: true });
  const lines = [
    "[Match]",
    `Name=${iface}`,
    "[Network]",
    "LinkLocalAddressing=no",
    "IPv6AcceptRA=no",
    ...addresses.map((a) => `Address=${a}`),
  ];
  writeFileSync(join(units, "10-lab.network"), `${lines.join("\n")}\n`);
}

function descendant(pid: number, command: string): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8")
    .trim()
    .split(" ")
    .filter(Boolean)
    .map(Number);
  for (const child of children) {
    const found =
      readFileSync(`/proc/${child}/comm`, "utf8").trim() === command
        ? child
        : descendant(child, command);
    if (found !== undefined) {
      return found;
    }
  }
  return undefined;
}

/** Kills every process in a network namespace, which are ours because the namespace is, and waits until they are gone. */
async function killAll(netns: string): Promise<void> {
  await until(`the processes in ${netns} end`, async () => {
    const pids = (await tryRun("ip", ["netns", "pids", netns])).stdout
      .split("\n")
      .filter(Boolean)
      .map(Number);
    for (const pid of pids) {
      signal(pid);
    }
    return pids.length === 0 ? true : undefined;
  });
}

/** Kills the process that keeps a host running, if it is still the one that we started. */
function killSupervisor(directory: string): void {
  const file = join(directory, "pid");
  const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0;
  const commandLine = `/proc/${pid}/cmdline`;
  if (
    pid > 0 &&
    existsSync(commandLine) &&
    readFileSync(commandLine, "utf8").includes(directory)
  ) {
    signal(pid);
  }
}

function signal(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") {
      throw error;
    }
  }
}
