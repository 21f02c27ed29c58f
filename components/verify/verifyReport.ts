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
        "missing, wrong: a wanted route that does not exist, or has another next hop",
        "stale: a route that this project made and that is no longer wanted",
        "foreign: a route of somebody else that takes packets from a wanted route",
        "detour: the kernel sends packets another way than the route in the main table",
        "off-link: a next hop that is on no network of the host",
        "forwarding, rp_filter: kernel settings",
        "persistence: routes or settings that would not survive a reboot",
        "hosts: the block of this project in /etc/hosts",
        "state: the host has no record of the stack, or Pulumi's state has no usable command for it",
        "behind: no update with the present inventory and configuration reached the host",
        "removed: a host that is no longer wanted and still has to be cleaned",
        "last-run: the last run of Pulumi failed or is still running",
        "unfinished: a run of Pulumi began something and did not finish it",
        "cloud: a precondition in a cloud that does not hold, or a warning of its component",
        "overlay: an object of flannel in the cluster, or flannel on a node, is not as the stack says",
        "host-key: the host key is not checked, so another machine could answer",
        "more: there is so much of something that not all of it was looked at or is listed",
      ].join("; "),
    ),
  subject: z
    .string()
    .describe(
      "a destination, a next hop, a kernel setting, a file, a resource, a node or object of Kubernetes, a run of Pulumi",
    ),
  message: z.string().describe("what is wrong with the subject, for people"),
  fix: z.string().optional().describe("how to correct it, mostly a command"),
});

const unlooked = z.string().optional();

const host = z.object({
  node: z.string().describe("the name of the node"),
  address: z.string().describe("the address that SSH connects to"),
  unreachable: z
    .string()
    .optional()
    .describe("why it does not answer; then nothing else is known"),
  unlooked: unlooked.describe(
    "why it could not be looked at, although it answers; then nothing else is known",
  ),
  wanted: z.number().describe("how many routes it should have"),
  findings: z.array(finding),
});

const table = z.object({
  cloud: z.string().describe("AWS, GCP or OpenStack"),
  component: z.string().describe("the name of the component in the stack"),
  holder: z
    .string()
    .describe("the route table, network, subnet or router that has the routes"),
  unlooked: unlooked.describe(
    "why it could not be looked at; then nothing else is known",
  ),
  wanted: z.number().describe("how many routes it should have"),
  findings: z.array(finding),
});

const overlay = z.object({
  component: z.string().describe("the name of the component in the stack"),
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
          .describe("false: the node runs no pod, and answers itself"),
      }),
    )
    .describe("the addresses that ping each other, one per pod CIDR"),
  sent: z
    .number()
    .describe(
      "how many pings: one per ordered pair of nodes and address family",
    ),
  failed: z
    .array(
      z.object({
        from: z.string(),
        to: z.string(),
        source: z.string(),
        target: z.string(),
      }),
    )
    .describe("the pings without an answer: their nodes and addresses"),
  left: z
    .array(z.object({ node: z.string(), reason: z.string() }))
    .describe("the nodes that were left out, and why"),
});

/** The result of a check, as `npm run verify -- --json` prints it. */
export const reportSchema = z.object({
  version: z.literal(1),
  stack: z.string(),
  ok: z
    .boolean()
    .describe(
      "whether all is well: everything could be looked at, every host answers, no finding is a fault, every ping was answered",
    ),
  verdict: z
    .enum(["well", "wrong", "unknown"])
    .describe(
      "well: the same as ok; wrong: something is wrong; unknown: something could not be looked at, and nothing else is wrong",
    ),
  state: z
    .array(finding)
    .describe("findings about the stack itself: its state and its last run"),
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
