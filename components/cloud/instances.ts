import { type Faults, show } from "../core/faults.ts";
import { matchesGlob } from "../core/glob.ts";
import { join } from "../core/schema.ts";
import { shownList, shownName } from "../core/shownName.ts";
import { type Node, readNode } from "../inventory/nodes.ts";

/** An instance as its cloud describes it. */
export interface Instance {
  /** The name that it is looked for by. */
  readonly name: string;
  /** What messages call it besides its name, unique in the cloud: `i-0abc`, `us-west1-c`. */
  readonly id: string;
  /** Its state in the cloud's own word. */
  readonly state: string;
  readonly running: boolean;
  /** Its internal addresses, at most one a family. */
  readonly addresses: readonly string[];
  /** The text that holds its pod CIDRs, separated by commas; undefined if there is none. */
  readonly podCidrs: string | undefined;
}

/** Two pod CIDRs have at most 99 characters. */
const longestPodCidrs = 1000;

/** The words that messages use for a cloud. */
export interface CloudWords<I extends Instance> {
  /** What routes lead to. */
  readonly noun: "instance" | "port";
  /** What holds the pod CIDRs: `tag pod_cidr`. */
  readonly podCidrs: string;
  /** Where instances are looked for by name: `in region eu-west-1`. */
  readonly where: string;
  /** Where instances are looked for by address: `in vpc-0abc`; undefined where that does not exist. */
  readonly network: string | undefined;
  /** The command that starts an instance. */
  start(instance: I): string;
  /** The command that gives an instance a pod CIDR. */
  label(instance: I): string;
}

/** A node and its instance. */
export interface InstanceNode<I extends Instance> {
  readonly node: Node;
  readonly instance: I;
}

/**
 * The workers, each with its instance: the instances that have the names, or those that have the internal IPs of
 * the nodes. What is missing or is there too often goes to `faults`.
 */
export function workersOf<I extends Instance>(
  args: {
    readonly cluster: readonly Node[];
    readonly instances?: { readonly names: readonly string[] } | undefined;
  },
  found: readonly I[],
  words: CloudWords<I>,
  faults: Faults,
): InstanceNode<I>[] {
  if (args.instances !== undefined) {
    return instanceNodes(args.instances.names, found, words, faults);
  }
  const workers = args.cluster.filter((node) => node.podCidrs.length > 0);
  const nodes = words.network === undefined ? [] : workers;
  return instancesOf(nodes, found, words, faults);
}

/**
 * Makes one node of each instance that has one of these names. A name that not exactly one running instance has goes
 * to `faults`.
 *
 * @param names names of instances; `*` stands for any text, `?` for any one character
 */
export function instanceNodes<I extends Instance>(
  names: readonly string[],
  found: readonly I[],
  words: CloudWords<I>,
  faults: Faults,
): InstanceNode<I>[] {
  const byName = Map.groupBy(found, ({ name }) => name);
  const chosen = new Set<string>();
  for (const [i, name] of names.entries()) {
    const matches = [...byName.keys()].filter((one) => matchesGlob(name, one));
    if (matches.length === 0) {
      faults.add(
        join("instances.names", i),
        `no ${words.noun} ${words.where} has the name ${show(name)}`,
      );
    }
    for (const match of matches) {
      chosen.add(match);
    }
  }
  return [...chosen]
    .flatMap((name) => runningOne(byName.get(name) ?? [], words, faults) ?? [])
    .flatMap((instance) => toNode(instance, words, faults) ?? []);
}

function runningOne<I extends Instance>(
  candidates: readonly I[],
  words: CloudWords<I>,
  faults: Faults,
): I | undefined {
  const running = candidates.filter((instance) => instance.running);
  const [one = candidates[0]] = running;
  if (running.length > 1 && one !== undefined) {
    const ids = shownList(running.map(({ id }) => id));
    faults.add(
      shownName(one.name),
      `${running.length} running ${words.noun}s have this name: ${ids}; a name has to stand for one`,
    );
    return undefined;
  }
  if (running.length === 0 && one !== undefined) {
    faults.add(shownName(one.name), notRunning(one, words));
    return undefined;
  }
  return one;
}

function toNode<I extends Instance>(
  instance: I,
  words: CloudWords<I>,
  faults: Faults,
): InstanceNode<I> | undefined {
  const path = label(instance);
  if ((instance.podCidrs ?? "").length > longestPodCidrs) {
    faults.add(
      path,
      `its ${words.podCidrs} is longer than ${longestPodCidrs} characters, expected its pod CIDR`,
    );
    return undefined;
  }
  const podCidrs = (instance.podCidrs ?? "").split(/[\s,]+/).filter(Boolean);
  if (podCidrs.length === 0) {
    const missing = instance.podCidrs === undefined ? "no" : "an empty";
    faults.add(
      path,
      `has ${missing} ${words.podCidrs}, where its pod CIDR is expected: ${words.label(instance)}`,
    );
    return undefined;
  }
  const parts: Record<string, string> = {
    podCidrs: words.podCidrs,
    internalIp: "internal address",
  };
  const node = readNode(
    {
      name: instance.name,
      internalIp: [...instance.addresses],
      podCidrs,
      role: "worker",
    },
    path,
    faults,
    (key) => `${path} ${parts[key] ?? key}`,
  );
  return node && { node, instance };
}

/** Finds the instance of each of these nodes by its internal IPs. */
function instancesOf<I extends Instance>(
  nodes: readonly Node[],
  found: readonly I[],
  words: CloudWords<I>,
  faults: Faults,
): InstanceNode<I>[] {
  const byAddress = new Map(
    found.flatMap((i) => i.addresses.map((a): [string, I] => [a, i])),
  );
  return nodes.flatMap((node) => {
    const ips = node.internalIps.map(({ text }) => text);
    const instance = ips
      .map((ip) => byAddress.get(ip))
      .find((i) => i !== undefined);
    if (instance === undefined) {
      faults.add(
        node.path,
        `no ${words.noun} ${words.network} has the internal IP ${ips.map(show).join(" or ")} of ${node.name}`,
      );
      return [];
    }
    if (!instance.running) {
      faults.add(node.path, `${node.name} ${notRunning(instance, words)}`);
    }
    for (const ip of ips.filter((ip) => !instance.addresses.includes(ip))) {
      faults.add(
        node.path,
        `${node.name} (${instance.id}) does not have the internal IP ${show(ip)}, it has ${shownList(instance.addresses)}`,
      );
    }
    return [{ node, instance }];
  });
}

function notRunning<I extends Instance>(
  instance: I,
  { start }: CloudWords<I>,
): string {
  return `(${instance.id}) is ${instance.state}, a route to it would lead nowhere; start it: ${start(instance)}; or leave it out`;
}

/** What messages call an instance. */
function label({ name, id }: Instance): string {
  return `${shownName(name)} (${id})`;
}
