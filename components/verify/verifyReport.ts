import { z } from "zod";

/** One thing that is not as it should be. */
const finding = z.object({
  severity: z
    .enum(["fault", "note"])
    .describe("a fault fails the check, a note does not"),
  kind: z
    .enum([
      "missing",
      "wrong",
      "stale",
      "foreign",
      "detour",
      "off-link",
      "forwarding",
      "rp_filter",
      "persistence",
      "hosts",
      "state",
      "behind",
      "removed",
      "last-run",
      "unfinished",
      "cloud",
      "overlay",
      "host-key",
      "more",
    ])
    .describe(
      [
        "missing, wrong: a wanted route that is not there, or leads elsewhere",
        "stale: a route of ours that nobody wants any more",
        "foreign: a route of somebody else that takes packets from one of ours",
        "detour: the kernel takes another way than the routes of the main table",
        "off-link: a next hop on no network that the host is connected to",
        "forwarding, rp_filter: kernel settings",
        "persistence: what keeps routes and settings over a reboot",
        "hosts: our block of /etc/hosts",
        "state: what the host, or Pulumi's state, knows nothing of",
        "behind: a host whose command says otherwise than the stack's inventory",
        "removed: a host that is not wanted any more, and still to be cleaned",
        "last-run: a run of Pulumi that did not succeed, or is under way",
        "unfinished: what a run of Pulumi has begun and not brought to its end",
        "cloud: a precondition of a cloud, or a warning of its component",
        "overlay: what of flannel is not in the cluster, or not at work on a node, as the stack says",
        "host-key: whoever answers at the address is taken for the host",
        "more: something was not looked at, or is not listed, because there is so much of it",
      ].join("; "),
    ),
  subject: z
    .string()
    .describe(
      "a destination, a next hop, a kernel setting, a file, a resource, a node or object of Kubernetes, a run of Pulumi",
    ),
  message: z.string().describe("what is wrong with it, for people"),
  fix: z.string().optional().describe("what puts it right, mostly a command"),
});

const unlooked = z.string().optional();

const host = z.object({
  node: z.string().describe("name of the node"),
  address: z.string().describe("where SSH reaches it"),
  unreachable: z
    .string()
    .optional()
    .describe("why it did not answer; then nothing else is known"),
  unlooked: unlooked.describe(
    "why it could not be looked at, although it answers; then nothing else is known",
  ),
  wanted: z.number().describe("how many routes it is to have"),
  findings: z.array(finding),
});

const table = z.object({
  cloud: z.string().describe("AWS, GCP or OpenStack"),
  component: z.string().describe("name of the component in the stack"),
  holder: z
    .string()
    .describe("the route table, network, subnet or router that has the routes"),
  unlooked: unlooked.describe(
    "why it could not be looked at; then nothing else is known",
  ),
  wanted: z.number().describe("how many routes it is to have"),
  findings: z.array(finding),
});

const overlay = z.object({
  component: z.string().describe("name of the component in the stack"),
  unlooked: unlooked.describe("why it could not be looked at"),
  findings: z.array(finding),
});

const pings = z.object({
  ends: z
    .array(
      z.object({
        node: z.string(),
        address: z.string(),
        pod: z
          .boolean()
          .describe("false: the node has no pod, and answers itself"),
      }),
    )
    .describe("where pings come from and go to, one address a pod CIDR"),
  sent: z.number().describe("one an ordered pair of nodes and address family"),
  failed: z
    .array(
      z.object({
        from: z.string(),
        to: z.string(),
        source: z.string(),
        target: z.string(),
      }),
    )
    .describe("those without an answer: from node to node, by which addresses"),
  left: z
    .array(z.object({ node: z.string(), reason: z.string() }))
    .describe("nodes that are left out, and why"),
});

/** What a check of a stack found, as `npm run verify -- --json` prints it. */
export const reportSchema = z.object({
  version: z.literal(1),
  stack: z.string(),
  ok: z
    .boolean()
    .describe(
      "all is well: all could be looked at, every host answers, no finding is a fault, no ping failed",
    ),
  verdict: z
    .enum(["well", "wrong", "unknown"])
    .describe(
      "well: the same as ok; wrong: something is wrong; unknown: nothing that was looked at is wrong, but not all could be looked at",
    ),
  state: z
    .array(finding)
    .describe("what is wrong with the stack itself: its state, its last run"),
  hosts: z.array(host),
  tables: z.array(table),
  overlays: z.array(overlay),
  pings,
});

export type Report = z.output<typeof reportSchema>;
export type Finding = z.output<typeof finding>;
export type HostReport = z.output<typeof host>;
export type TableReport = z.output<typeof table>;
export type Pings = z.output<typeof pings>;
export type OverlayReport = z.output<typeof overlay>;
