import type { Lab } from "../lab/lab.ts";
import type { BenchNode, Layout } from "./inventory.ts";

/** A command that is measured. */
export interface Command {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Where a contender works. */
export interface Site {
  readonly lab: Lab;
  /** A directory of its own, empty at first. Short: sockets are made in it. */
  readonly directory: string;
  /** How many hosts may be worked on at a time. */
  readonly parallel: number;
}

/** One tool, at work on the hosts. A second apply is the no-change run; after another description, the one that adds a worker. */
export interface Contender {
  /** Writes what its user would write or change: these are the hosts from now on. Not measured. */
  describe(nodes: readonly BenchNode[]): Promise<void>;
  apply(): Command;
  destroy(): Command;
  /** Where it keeps its state, if it has one. */
  readonly stateFile?: string;
}

/** A tool that takes part. */
export interface Kind {
  readonly id: string;
  readonly title: string;
  readonly version: string;
  /** The inventory that it works on. Default: sequential. */
  readonly layout?: Layout;
  /** What a no-change run is for it. */
  readonly again:
    | "looks at its state, contacts no host"
    | "logs in on every host, and looks at its state"
    | "does everything again";
  /** It is a yardstick that changes nothing on the hosts. */
  readonly changesNothing?: boolean;
  /** The process that runs the user's program, by its command line. Default: the largest. */
  readonly program?: RegExp;
  /** Gets ready for one round, from nothing. Not measured. */
  start(site: Site): Promise<Contender>;
}

export function layoutOf({ layout = "sequential" }: Kind): Layout {
  return layout;
}

/** The environment of a contender: nothing of the user's own but where programs are. */
export function environment(
  site: Site,
  more: Record<string, string> = {},
): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: site.directory,
    LANG: "C.UTF-8",
    TMPDIR: site.directory,
    ...more,
  };
}

/** A command in the network of the hosts, in {@link environment}. */
export function inLab(
  site: Site,
  cwd: string,
  command: readonly string[],
  env: Record<string, string> = {},
): Command {
  return {
    command: ["ip", "netns", "exec", site.lab.netns, ...command],
    cwd,
    env: environment(site, env),
  };
}

/** Both commands of a contender, where they differ by their verb. */
export function commands(
  command: (verb: "apply" | "destroy") => Command,
): Pick<Contender, "apply" | "destroy"> {
  return {
    apply: () => command("apply"),
    destroy: () => command("destroy"),
  };
}
