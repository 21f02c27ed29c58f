import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
} from "node:fs";
import { join } from "node:path";
import { base } from "./base.ts";
import { run, tryRun, until } from "./exec.ts";
import {
  allNamespacesOf,
  firstProcess,
  generateKey,
  greets,
  type Host,
  type HostSpec,
  ipBatch,
  killAll,
  killSupervisor,
  launch,
  prepare,
} from "./host.ts";
import { listIfThere, replaceFile } from "./optionalFiles.ts";
import { labs } from "./paths.ts";
import { addPod, nth, type Pod, ping, pinging, removePod } from "./pods.ts";

/** Owner of a lab that outlives the process that raised it. */
export const permanent = 0;

/** The version of {@link Saved}. A lab that was saved by another version counts as not there. */
const format = 1;

interface Saved {
  readonly format: number;
  readonly owner: number;
  readonly hosts: Host[];
  readonly pods: Record<string, readonly string[]>;
}

/**
 * Throwaway Linux hosts on a network of their own: a bridge in a network namespace that has no way
 * out. Everything of a lab is named after it, so labs do not see each other.
 */
export class Lab {
  readonly id: string;
  readonly hosts: Host[];
  private readonly podCidrs: Record<string, readonly string[]>;

  private constructor(
    id: string,
    hosts: Host[] = [],
    podCidrs: Record<string, readonly string[]> = {},
  ) {
    this.id = id;
    this.hosts = hosts;
    this.podCidrs = podCidrs;
  }

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

  /**
   * A new lab, in place of one of the same name.
   *
   * @param addresses the lab's own on its bridge, one for each network that its hosts are in
   * @param owner the process that has to be alive for the lab to stay, or {@link permanent}
   */
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
    await ipBatch(lab.netns, [
      "link set lo up",
      "link add br0 type bridge",
      ...addresses.map((address) => `addr add ${address} dev br0`),
      "link set br0 up",
    ]);
    await generateKey(lab.key, "lab");
    return lab;
  }

  /** The lab of that name, whether it is up or not. */
  static named(id: string): Lab {
    const saved = read(id);
    return new Lab(id, saved?.hosts, saved?.pods);
  }

  /** Takes down every lab whose owner has died without doing so. */
  static async sweep(): Promise<void> {
    for (const id of listIfThere(labs)) {
      const owner = readAny(id)?.owner ?? permanent;
      if (owner !== permanent && !existsSync(`/proc/${owner}`)) {
        await new Lab(id).down();
      }
    }
  }

  /** Whether the lab is there with every host running. */
  isUp(): boolean {
    return (
      read(this.id) !== undefined &&
      existsSync(`/run/netns/${this.netns}`) &&
      this.hosts.every((host) => firstProcess(host) !== undefined)
    );
  }

  /** Starts hosts, all at once, and waits until each greets on the SSH port. */
  async add(...specs: HostSpec[]): Promise<void> {
    const lower = await base();
    const key = readFileSync(`${this.key}.pub`, "utf8");
    const started = await Promise.all(
      specs.map(async (spec, i) => {
        const address = spec.addresses[0]?.split("/")[0] ?? "";
        const netns = `${this.netns}-${spec.name}`;
        const directory = join(this.directory, "hosts", spec.name);
        const link = `v${this.hosts.length + i}`;
        const host = await prepare(
          { ...spec, address, netns, directory, link, lab: this.netns },
          key,
        );
        await launch(host, lower);
        return host;
      }),
    );
    this.hosts.push(...started);
    this.save();
    for (const { name, address } of started) {
      this.trust(name, address);
    }
    await Promise.all(started.map(greets));
  }

  host(name: string): Host {
    const found = this.hosts.find((host) => host.name === name);
    if (found === undefined) {
      throw new Error(`no host ${name} in lab ${this.id}`);
    }
    return found;
  }

  /** Lists an address of a host in known_hosts. */
  trust(name: string, address: string): void {
    appendFileSync(this.knownHosts, `${address} ${this.host(name).hostKey}\n`);
  }

  /** Runs a shell command as root on a host, not by SSH; throws if it fails. */
  async on(name: string, command: string): Promise<string> {
    const namespaces = allNamespacesOf(this.firstProcess(name));
    return run("nsenter", [...namespaces, "/bin/sh", "-c", command]);
  }

  /** Gives a host a pod for these CIDRs, in place of the one it has. */
  async addPod(name: string, cidrs: readonly string[]): Promise<void> {
    await this.removePod(name);
    await addPod(this.host(name), this.firstProcess(name), cidrs);
    this.podCidrs[name] = cidrs;
    this.save();
  }

  /** Takes the pod of a host away. */
  async removePod(name: string): Promise<void> {
    await removePod(this.host(name));
    delete this.podCidrs[name];
    this.save();
  }

  /** Every pod of the lab, once an address. */
  pods(): Pod[] {
    return Object.entries(this.podCidrs).flatMap(([host, cidrs]) =>
      cidrs.map((cidr) => ({ host, address: nth(cidr, 2) })),
    );
  }

  /** One real ping from the pod of a host to an address. */
  ping(from: string, address: string): Promise<boolean> {
    return ping(this.host(from), address);
  }

  /** See {@link pinging}. */
  pinging(from: string, address: string): ReturnType<typeof pinging> {
    return pinging(this.host(from), address);
  }

  /** Stops a host as a power cut would; its address answers no more. */
  async kill(name: string): Promise<void> {
    const { netns, iface = "eth0" } = this.host(name);
    await killAll(netns);
    await run("ip", ["-n", netns, "link", "set", iface, "down"]);
  }

  /** Stops the SSH server of a plain host; the kernel still accepts connections for it. */
  freeze(name: string): void {
    process.kill(this.firstProcess(name), "SIGSTOP");
  }

  thaw(name: string): void {
    process.kill(this.firstProcess(name), "SIGCONT");
  }

  /** Starts a host that was killed, with what it had on its disk. */
  async revive(name: string): Promise<void> {
    await launch(this.host(name), await base());
    await greets(this.host(name));
  }

  /** Reboots a systemd host and waits until it has booted. Its pod is gone then, as a container would be. */
  async reboot(name: string): Promise<void> {
    const host = this.host(name);
    const before = firstProcess(host);
    await this.on(name, "systemctl reboot");
    await until(`${name} goes down and comes up again`, async () => {
      const now = firstProcess(host);
      return (now !== undefined && now !== before) || undefined;
    });
    await this.booted(name);
  }

  /** Waits until a systemd host has finished booting. */
  async booted(name: string): Promise<void> {
    await until(`${name} has booted`, async () => {
      const systemd = firstProcess(this.host(name)) ?? 0;
      const { stdout } = await tryRun("nsenter", [
        ...allNamespacesOf(systemd),
        "systemctl",
        "is-system-running",
      ]);
      return ["running", "degraded"].includes(stdout.trim()) || undefined;
    });
    await greets(this.host(name));
  }

  /** Takes everything of the lab away, whatever state it is in. */
  async down(): Promise<void> {
    const list = (await run("ip", ["netns", "list"])).split("\n");
    const ours = list
      .map((line) => line.split(" ")[0] ?? "")
      .filter(
        (name) => name === this.netns || name.startsWith(`${this.netns}-`),
      );
    const hosts = join(this.directory, "hosts");
    const directories = listIfThere(hosts).map((name) => join(hosts, name));
    directories.forEach(killSupervisor);
    await Promise.all(ours.map(killAll));
    for (const name of ours) {
      await tryRun("ip", ["netns", "del", name]);
      // where control groups are mounted, by kind of hierarchy; see hosts/systemd-host.sh
      for (const hierarchy of ["systemd", "unified", "."]) {
        const group = join("/sys/fs/cgroup", hierarchy, name);
        await tryRun("find", [group, "-type", "d", "-delete"]);
      }
    }
    for (const directory of directories) {
      await tryRun("umount", ["-l", join(directory, "root")]);
    }
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** The root of a running host's file system as a path of this machine. Absolute symbolic links in it lead to this machine's files. */
  root(name: string): string {
    return `/proc/${this.firstProcess(name)}/root`;
  }

  firstProcess(name: string): number {
    const pid = firstProcess(this.host(name));
    if (pid === undefined) {
      throw new Error(`${name} is not running`);
    }
    return pid;
  }

  private save(owner = read(this.id)?.owner ?? process.pid): void {
    const saved: Saved = {
      format,
      owner,
      hosts: this.hosts,
      pods: this.podCidrs,
    };
    replaceFile(join(this.directory, "lab.json"), JSON.stringify(saved));
  }
}

function read(id: string): Saved | undefined {
  const saved = readAny(id);
  return saved?.format === format ? saved : undefined;
}

/** What a lab has saved, by whichever version. */
function readAny(id: string): Saved | undefined {
  const file = join(labs, id, "lab.json");
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : undefined;
}
