import { spawn } from "node:child_process";
import { once as event } from "node:events";
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { run, until } from "../exec.ts";
import { allNamespacesOf } from "../host.ts";
import { children } from "../processes.ts";
import type { Container } from "./objects.ts";

/** A directory or a file of the host that a container sees. */
export interface Mount {
  /** As of a hostPath volume. */
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}

const script = readFileSync(join(import.meta.dirname, "container.sh"), "utf8");

/** The capabilities that a container runtime gives to a container that is not privileged. */
const usual =
  "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw sys_chroot mknod audit_write setfcap";

/** What a container is started with, besides its spec. */
export interface Surroundings {
  /** The first process of the host. */
  readonly first: number;
  /** The directory on the host with the image's files. */
  readonly image: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: readonly Mount[];
  /** The file that its output is added to. */
  readonly log: string;
}

/** A container that has been started: real processes, in the namespaces of its host. */
export class Running {
  readonly since = Date.now();
  /** Its exit code, once it has ended; 137 if it was killed. */
  readonly ended: Promise<number>;

  private readonly group: number;
  private readonly log: string;
  private readonly logStart: number;

  private constructor(
    group: number,
    exit: Promise<number | null>,
    log: string,
    logStart: number,
  ) {
    this.group = group;
    this.log = log;
    this.logStart = logStart;
    this.ended = exit.then(async (code) => {
      await this.gone(); // it may have left processes of its own
      return code ?? 137;
    });
  }

  static async start(
    { workingDir = "/", securityContext = {} }: Container,
    { first, image, command, env, mounts, log }: Surroundings,
  ): Promise<Running> {
    const { privileged = false, capabilities } = securityContext;
    const output = openSync(log, "a");
    const logStart = fstatSync(output).size;
    const child = spawn(
      "nsenter",
      [
        ...allNamespacesOf(first),
        "unshare",
        "-m",
        "sh",
        "-c",
        script,
        "container.sh",
        image,
        privileged ? "privileged" : boundingSet(capabilities),
        workingDir,
        ...mounts.flatMap(({ type, source, target, readOnly }) => [
          type,
          source,
          target,
          readOnly ? "ro" : "rw",
        ]),
        "--",
        ...command,
      ],
      {
        env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", ...env },
        stdio: ["ignore", output, output],
        detached: true, // so that its process group is its own
      },
    );
    closeSync(output);
    const ended = event(child, "exit").then(([code]) => code as number | null);
    await event(child, "spawn");
    return new Running(child.pid ?? 0, ended, log, logStart);
  }

  /** A file that the container sees, as a path of this machine. */
  path(file: string): string {
    return `/proc/${this.first()}/root${file}`;
  }

  /** What it has said so far. */
  output(): string {
    return readFileSync(this.log).subarray(this.logStart).toString();
  }

  /** Runs a command in it; throws if it fails. */
  exec(command: readonly string[]): Promise<string> {
    return run("nsenter", [...allNamespacesOf(this.first()), ...command]);
  }

  /** Asks it to end, and ends it after that many seconds. */
  async stop(seconds: number): Promise<void> {
    // not nsenter as well, which waits for it
    signal(this.first() || -this.group, "SIGTERM");
    await this.gone(seconds).catch(() => signal(-this.group, "SIGKILL"));
    await this.ended;
  }

  /** What nsenter has started; 0 if there is nothing. */
  private first(): number {
    return children(this.group)[0] ?? 0;
  }

  private async gone(seconds = 60): Promise<void> {
    await until(
      "the processes of a container end",
      async () => !signal(-this.group, 0) || undefined,
      seconds,
    );
  }
}

/** Returns whether there was a process to take it. */
function signal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function boundingSet({
  add = [],
  drop = [],
}: NonNullable<Container["securityContext"]>["capabilities"] = {}): string {
  const names = (list: readonly string[]) =>
    list.map((name) => name.toLowerCase().replace(/^cap_/, ""));
  if (names(add).includes("all")) {
    return "+all";
  }
  const dropped = names(drop);
  const kept = dropped.includes("all")
    ? []
    : usual.split(" ").filter((name) => !dropped.includes(name));
  return ["-all", ...[...kept, ...names(add)].map((name) => `+${name}`)].join();
}
