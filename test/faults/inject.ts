import { setTimeout as sleep } from "node:timers/promises";
import { tryRun } from "../../lab/exec.ts";
import type { Lab } from "../../lab/lab.ts";
import { descendants, killNow, withCommandLine } from "../../lab/processes.ts";
import type { Stack } from "../../lab/stack.ts";
import { killAll } from "../background.ts";
import type { FaultKind } from "./plan.ts";
import type { Witness } from "./witness.ts";

/** What a campaign works on. */
export interface Site {
  readonly lab: Lab;
  readonly stack: Stack;
  readonly witness: Witness;
}

/** Where a fault is to happen. */
interface Place extends Site {
  /** The engine that is at work. */
  readonly engine: number;
  readonly host: string;
  /** The worker with systemd, the only one that can reboot. */
  readonly withSystemd: string;
  /** Whether the change is still under way. */
  underWay(): boolean;
}

/** What happened, and how to end it; `hit` is false where there was nothing left to hit. */
export interface Injected {
  readonly hit: boolean;
  /** Fixes what is broken, as the owner of the machines would. */
  fix(): Promise<unknown>;
}

const nothing = async () => {};

/** Breaks something. Faults that are set up before the change are in {@link prepare}. */
export async function inject(kind: FaultKind, place: Place): Promise<Injected> {
  const { lab, host, engine, withSystemd, witness } = place;
  const children = () => descendants(engine);
  switch (kind) {
    case "engine killed":
      return { hit: killAll(engine), fix: nothing };
    case "program killed":
      return once(place, () => withCommandLine(children(), /pulumi\/cmd\/run/));
    case "plugin killed":
      return once(place, () =>
        withCommandLine(children(), /resource-command|standin\/command/),
      );
    case "remote shell killed":
      return onHost(place, "pkill -9 -f '[/]pod-network-routes/.* converge'");
    case "connection dropped":
      return onHost(place, "pkill -9 -f 'sshd: [o]ps'");
    case "host dies":
      await lab.kill(host);
      return {
        hit: true,
        fix: async () => {
          await lab.revive(host);
          if (host === withSystemd) {
            await lab.booted(host);
          }
          witness.watch(host);
        },
      };
    case "host hangs":
      return hanging(place, 4000);
    case "host is slow":
      return slow(place);
    case "reboot":
      await lab.reboot(withSystemd);
      return { hit: true, fix: async () => witness.watch(withSystemd) };
    case "routes deleted":
      return onHost(
        place,
        "for i in 1 2 3 4 5; do ip route flush proto 173; sleep 0.2; done",
      );
    case "two at once": {
      const hit = place.underWay();
      await place.stack.pulumi(["up", "--yes", "--skip-preview"]);
      return { hit, fix: nothing };
    }
    default:
      return { hit: true, fix: nothing };
  }
}

/** Faults that are there from the beginning of the change. */
export async function prepare(
  kind: FaultKind,
  { lab, host }: Pick<Place, "lab" | "host">,
): Promise<() => Promise<unknown>> {
  const masked = async (file: string) => {
    const path = (await lab.on(host, `command -v ${file}`)).trim();
    await lab.on(host, `mount --bind /dev/null ${path}`);
    return () => lab.on(host, `umount ${path}`);
  };
  switch (kind) {
    case "disk full":
      return fill(lab, host);
    case "/etc read-only":
      await lab.on(
        host,
        "mount --bind /etc /etc && mount -o remount,ro,bind /etc",
      );
      return () => lab.on(host, "umount /etc");
    case "no ip":
      return masked("ip");
    case "no sudo":
      return masked("sudo");
    default:
      return nothing;
  }
}

/** Puts the record on a file system in memory that has no room left; never fills the disk of this machine. */
async function fill(lab: Lab, host: string) {
  const record = "/var/lib/pod-network-routes";
  await lab.on(
    host,
    [
      `set -e; mkdir -p ${record} /tmp/small`,
      "mount -t tmpfs -o size=256k small /tmp/small",
      `cp -a ${record}/. /tmp/small; mount --bind /tmp/small ${record}`,
      `mountpoint -q ${record}; head -c 1M /dev/zero >${record}/.filler 2>/dev/null || :`,
    ].join("; "),
  );
  return () =>
    lab.on(
      host,
      [
        `rm /tmp/small/.filler; umount ${record}; rm -rf ${record}/*`,
        `cp -a /tmp/small/. ${record}; umount /tmp/small; rmdir /tmp/small`,
        `rmdir ${record} 2>/dev/null || :`,
      ].join("; "),
    );
}

/** Waits for a process to be there, as long as the change is under way, and kills it. */
async function once(
  { underWay }: Place,
  find: () => number | undefined,
): Promise<Injected> {
  while (underWay()) {
    if (killNow(find())) {
      return { hit: true, fix: nothing };
    }
    await sleep(10);
  }
  return { hit: false, fix: nothing };
}

/** The same on a host, where a command tells by its exit code whether there was something to hit. */
async function onHost(
  { lab, host, underWay }: Place,
  command: string,
): Promise<Injected> {
  const namespaces = ["-m", "-u", "-i", "-n", "-p"];
  while (underWay()) {
    const target = ["-t", String(lab.firstProcess(host)), ...namespaces];
    const shell = ["--", "/bin/sh", "-c", command];
    const { code } = await tryRun("nsenter", [...target, ...shell]);
    if (code === 0) {
      return { hit: true, fix: nothing };
    }
  }
  return { hit: false, fix: nothing };
}

/** The server takes connections and says nothing. */
async function hanging(place: Place, milliseconds: number): Promise<Injected> {
  const { lab, host, withSystemd } = place;
  if (host === withSystemd) {
    await lab.on(host, "systemctl stop ssh.socket ssh || :");
    return { hit: true, fix: () => lab.on(host, "systemctl start ssh") };
  }
  lab.freeze(host);
  const thawed = sleep(milliseconds).then(() => lab.thaw(host));
  return { hit: true, fix: () => thawed };
}

/** The server answers now and then. */
async function slow(place: Place): Promise<Injected> {
  const { lab, host, withSystemd, underWay } = place;
  if (host === withSystemd) {
    return { hit: false, fix: nothing };
  }
  while (underWay()) {
    lab.freeze(host);
    await sleep(300);
    lab.thaw(host);
    await sleep(100);
  }
  return { hit: true, fix: nothing };
}
