import assert from "node:assert/strict";
import { test } from "node:test";
import { isOdd, readHostState } from "../../../components/hosts/hostState.ts";
import { podRoutes } from "../../../components/inventory/routeTable.ts";
import { cloudReports } from "../../../components/verify/cloudReports.ts";
import { readState } from "../../../components/verify/exportedState.ts";
import { readHostFacts } from "../../../components/verify/hostFacts.ts";
import { pairs, pingEnds } from "../../../components/verify/pingPlan.ts";
import { reportText } from "../../../components/verify/reportText.ts";
import type { Finding } from "../../../components/verify/verifyReport.ts";
import { inputOf, nodes, worker } from "../clusterFaults.ts";
import { commandOf, factsOf, findingsOf, reportOf } from "./verifyFixtures.ts";

const cluster = nodes(
  worker("node-0", ["10.240.0.20", "fd00:240::20"], "10.200.0.0/24"),
  worker("node-1", ["10.240.0.21", "fd00:240::21"], "10.200.1.0/24"),
  worker("node-2", ["10.240.0.22", "fd00:240::22"], "fd00:200:2::/64"),
);
const table = podRoutes(cluster);
const [node] = cluster;
assert.ok(node);
const connection = {
  host: "10.240.0.20",
  user: "ops",
  port: 2222,
  proxy: { host: "bastion.example.com" },
};
const stdin = inputOf(node, cluster, { named: cluster.slice(0, 2) });
const host = readHostState(
  commandOf({ connection, stdin }),
  new Map(table.map((r) => [r.cidr.text, r.node])),
);
assert.ok(!isOdd(host));

/** What hostLook.sh prints on a dual-stack host if everything is as it should be. */
const good = [
  "looked",
  "route default via 10.240.0.1 dev eth0",
  "route 10.200.0.0/24 dev cni0 proto kernel scope link src 10.200.0.1 ",
  "route 10.200.1.0/24 via 10.240.0.21 dev eth0 proto 173 ",
  "route 10.240.0.0/24 dev eth0 proto kernel scope link src 10.240.0.20 ",
  "route fd00:200:2::/64 via fd00:240::22 dev eth0 proto 173 metric 1024 pref medium",
  "address 10.240.0.20/24",
  "address 10.200.0.1/24",
  "hop 10.240.0.21 10.240.0.21 dev eth0 src 10.240.0.20 uid 0 \\    cache",
  "hop fd00:240::22 fd00:240::22 from :: dev eth0 proto kernel src fd00:240::20 metric 256 pref medium",
  "get 10.200.1.0/24 10.200.1.0 via 10.240.0.21 dev eth0 src 10.240.0.20 uid 0",
  "get fd00:200:2::/64 fd00:200:2:: via fd00:240::22 dev eth0 src fd00:240::20",
  "forward ipv4 1",
  "forward ipv6 1",
  "rp_filter all 0",
  "rp_filter eth0 2",
  "recorded fd00:200:2::/64 via fd00:240::22",
  "recorded 10.200.1.0/24 via 10.240.0.21",
  "others 10.200.77.0/24 via 10.240.0.77",
  "node node-0 10.240.0.20",
  "sysctl net.ipv4.ip_forward = 1",
  "sysctl net.ipv6.conf.all.forwarding = 1",
  "unit enabled/active",
  "hosts 10.240.0.20 node-0",
  "hosts 10.240.0.21 node-1",
  "hosts fd00:240::20 node-0",
  "hosts fd00:240::21 node-1",
  "ping yes",
];

/** The findings about a host that prints these lines in place of those of {@link good} that begin with `instead`. */
function found(instead: string, ...lines: string[]): Finding[] {
  const rest = good.filter((line) => !line.startsWith(instead));
  assert.ok(instead === "nothing" || rest.length < good.length, instead);
  assert.ok(!isOdd(host));
  return findingsOf([...rest, ...lines], host);
}

test("a host as it should be has no findings", () => {
  assert.deepEqual(found("nothing"), []);
});

test("the command in the state says how to reach a host, and what it should have", () => {
  assert.equal(host.node, "node-0");
  assert.deepEqual(host.login.port, 2222);
  assert.deepEqual(host.bastion?.host, "bastion.example.com");
  assert.equal(host.sudo, true);
  assert.deepEqual(
    host.routes.map((r) => `${r.destination} ${r.nextHop} ${r.node}`),
    ["10.200.1.0/24 10.240.0.21 node-1", "fd00:200:2::/64 fd00:240::22 node-2"],
  );
});

const anew =
  "pulumi state delete --stack prod urn:pulumi:prod::p::Command::routes-node-0 && pulumi up --stack prod";
const root = "ssh -J root@bastion.example.com -p 2222 -- ops@10.240.0.20 'sudo";
const otherNetwork =
  "put the nodes into one network, have its router hold the routes (a target aws, gcp or openstack), or have an overlay on top of it (target flannel)";
const unit = "pod-routes-p.prod.routes.service";
const itself = `the unit on this host puts that right within 10 s; if it does not, look at its log: ${root} journalctl -n 20 -u ${unit}'`;
const restart = `${root} systemctl enable ${unit} && sudo systemctl restart ${unit}'`;

for (const [what, instead, lines, finding, fix] of [
  [
    "a missing route",
    "route 10.200.1",
    [],
    "fault missing 10.200.1.0/24: there is no route to it via 10.240.0.21 of node-1",
    itself,
  ],
  [
    "a wrong next hop",
    "route 10.200.1",
    ["route 10.200.1.0/24 via 10.240.0.99 dev eth0 proto 173"],
    "fault wrong 10.200.1.0/24: leads to 10.240.0.99, not to 10.240.0.21 of node-1",
    itself,
  ],
  [
    "a route of somebody else in place of ours",
    "route 10.200.1",
    ["route 10.200.1.0/24 via 10.240.0.21 dev eth0"],
    "fault missing 10.200.1.0/24: there is no route to it via 10.240.0.21 of node-1",
    itself,
    "fault foreign 10.200.1.0/24: a route of somebody else takes packets to 10.200.1.0/24: 10.200.1.0/24 via 10.240.0.21 dev eth0",
  ],
  [
    "a stale route",
    "nothing",
    ["route 10.200.9.0/24 via 10.240.0.9 dev eth0 proto 173 linkdown"],
    "fault stale 10.200.9.0/24: nobody wants this route any more: 10.200.9.0/24 via 10.240.0.9 dev eth0 proto 173 linkdown",
    `${root} ip route del 10.200.9.0/24 via 10.240.0.9 dev eth0 proto 173'`,
  ],
  [
    "a foreign route to one address of a pod CIDR",
    "nothing",
    ["route blackhole 10.200.1.7"],
    "fault foreign 10.200.1.7/32: a route of somebody else takes packets to 10.200.1.0/24: blackhole 10.200.1.7",
    `${root} ip route del blackhole 10.200.1.7'`,
  ],
  [
    "a next hop behind a router",
    "hop 10.240.0.21",
    ["hop 10.240.0.21 10.240.0.21 via 10.240.0.1 dev eth0"],
    "fault off-link 10.240.0.21: the internal IP of node-1 is on no network that this host is connected to (ip route get: 10.240.0.21 via 10.240.0.1 dev eth0), so it cannot be a next hop",
    otherNetwork,
  ],
  [
    "a next hop that nothing leads to",
    "hop 10.240.0.21",
    ["hop 10.240.0.21 RTNETLINK answers: Network is unreachable"],
    "fault off-link 10.240.0.21: the internal IP of node-1 is on no network that this host is connected to (ip route get: RTNETLINK answers: Network is unreachable), so it cannot be a next hop",
    otherNetwork,
  ],
  [
    "a rule that leads elsewhere",
    "get 10.200.1",
    ["get 10.200.1.0/24 10.200.1.0 via 10.240.0.99 dev eth0 table 100"],
    "fault detour 10.200.1.0/24: the route via 10.240.0.21 is there, but the kernel takes another way (ip route get: 10.200.1.0 via 10.240.0.99 dev eth0 table 100)",
    "look for a narrower route and for rules: ip route show table all; ip rule",
  ],
  [
    "IPv6 that is not forwarded",
    "forward ipv6",
    ["forward ipv6 0"],
    "fault forwarding net.ipv6.conf.all.forwarding: is off, this host drops packets for pods",
    itself,
  ],
  [
    "forwarding that a reboot would forget",
    "sysctl net.ipv4",
    [],
    "fault persistence sysctl.d: /etc/sysctl.d/90-pod-routes-p.prod.routes.conf does not say net.ipv4.ip_forward = 1: a reboot would forget it",
    anew,
  ],
  [
    "a line that somebody put into our block of /etc/hosts",
    "nothing",
    ["hosts 10.6.6.6 mallory"],
    'fault hosts /etc/hosts: the block of p.prod.routes has "10.6.6.6 mallory" besides',
    anew,
  ],
  [
    "a strict rp_filter of all interfaces",
    "rp_filter",
    ["rp_filter all 1", "rp_filter eth0 0"],
    "note rp_filter eth0: drops packets that come in here and whose answers would leave by another interface (rp_filter is strict); it matters on hosts with several",
    `${root} sysctl -w net.ipv4.conf.eth0.rp_filter=2'`,
  ],
  [
    "a unit that does not run",
    "unit",
    ["unit enabled/failed"],
    `fault persistence unit: ${unit} is failed: nothing keeps the routes`,
    restart,
  ],
  [
    "a host without systemd",
    "unit",
    [],
    "note persistence systemd: is not on this host: its routes last until a reboot or a network restart",
    undefined,
  ],
  [
    "a block of /etc/hosts without an end",
    "nothing",
    ["hosts-without-end"],
    "fault hosts /etc/hosts: the block of p.prod.routes has no end",
    "write the line '# END pod-network-routes p.prod.routes' behind it",
  ],
  [
    "a host that was set up anew",
    "node",
    [],
    "fault state node-0: this host knows nothing of p.prod.routes: it was set up anew, or cleaned",
    anew,
  ],
] as const) {
  test(`${what} is found`, () => {
    const [first, ...others] = found(instead, ...lines);
    assert.equal(
      `${first?.severity} ${first?.kind} ${first?.subject}: ${first?.message}`,
      finding,
    );
    assert.equal(first?.fix, fix);
    assert.ok(others.length <= 1);
  });
}

test("a wider route and a route of another stack are not findings", () => {
  assert.deepEqual(
    found(
      "nothing",
      "route 10.200.0.0/16 via 10.240.0.1 dev eth0",
      "route 10.200.77.0/24 via 10.240.0.77 dev eth0 proto 173",
    ),
    [],
  );
});

test("without output of the script there are no facts", () => {
  assert.equal(readHostFacts(""), undefined);
});

test("pings go from pod to pod; a node without pods answers itself", () => {
  const facts = factsOf([
    ...good,
    "pod 77 10.200.0.10/24",
    "pod 78 10.200.0.9/24",
    "pod 79 172.17.0.2/16",
  ]);
  assert.deepEqual(pingEnds("node-0", ["10.200.0.0/24"], facts), [
    { node: "node-0", address: "10.200.0.9", pid: "78" },
  ]);
  const bare = factsOf(good);
  assert.deepEqual(pingEnds("node-0", ["10.200.0.0/24"], bare), [
    { node: "node-0", address: "10.200.0.1", pid: undefined },
  ]);
  assert.equal(
    pingEnds("node-0", ["10.200.5.0/24"], bare),
    "no pod runs there, and the host itself has no address in 10.200.5.0/24",
  );
});

test("every ordered pair of nodes is pinged, once per address family", () => {
  const end = (node: string, address: string) => ({
    node,
    address,
    pid: undefined,
  });
  const ends = [
    end("a", "10.200.0.2"),
    end("a", "fd00::2"),
    end("b", "10.200.1.2"),
    end("b", "fd00:1::2"),
    end("c", "10.200.2.2"),
  ];
  assert.deepEqual(
    pairs(ends).map(({ from, to }) => `${from.address} ${to.address}`),
    [
      "10.200.0.2 10.200.1.2",
      "10.200.0.2 10.200.2.2",
      "fd00::2 fd00:1::2",
      "10.200.1.2 10.200.0.2",
      "10.200.1.2 10.200.2.2",
      "fd00:1::2 fd00::2",
      "10.200.2.2 10.200.0.2",
      "10.200.2.2 10.200.1.2",
    ],
  );
});

test("secrets inside of secrets are revealed", () => {
  const mark = "4dabf18193072939515e22adb298388d";
  const secret = (value: unknown) => ({
    [mark]: "1b47061264138c4ac30d75fd1eb44270",
    plaintext: JSON.stringify(value),
  });
  const inputs = {
    connection: secret({ host: "h", privateKey: secret("KEY") }),
  };
  const resources = [{ urn: "u", type: "t", inputs }];
  const state = readState(JSON.stringify({ deployment: { resources } }));
  const [read] = state.resources;
  assert.deepEqual(read?.inputs, {
    connection: { host: "h", privateKey: "KEY" },
  });
});

test("a cloud's tables are compared, and its faults and warnings are findings", () => {
  const line = JSON.stringify({
    component: "routes",
    cloud: "AWS",
    tables: [
      {
        holder: "rtb-1",
        wanted: [
          { destination: "10.200.0.0/24", nextHop: "eni-0", node: "w0" },
          { destination: "10.200.1.0/24", nextHop: "eni-1", node: "w1" },
          { destination: "10.200.2.0/24", nextHop: "eni-2", node: "w2" },
        ],
        real: [
          { destination: "10.200.0.0/24", nextHop: "eni-0", text: "" },
          { destination: "10.200.1.0/24", nextHop: "eni-9", text: "" },
          { destination: "10.200.0.0/25", nextHop: "eni-8", text: "narrow" },
          { destination: "0.0.0.0/0", nextHop: "igw-1", text: "" },
        ],
      },
    ],
    faults: [{ path: "worker-0 (i-0)", message: "has no tag" }],
    warnings: ["beware"],
    fix: "pulumi up --refresh",
  });
  const [report, ...others] = cloudReports(`${line}\n`);
  assert.deepEqual(others, []);
  assert.equal(report?.wanted, 3);
  assert.deepEqual(
    report?.findings.map((f) => [f.severity, f.kind, f.subject, f.fix]),
    [
      ["fault", "wrong", "10.200.1.0/24", "pulumi up --refresh"],
      ["fault", "missing", "10.200.2.0/24", "pulumi up --refresh"],
      [
        "fault",
        "foreign",
        "10.200.0.0/25",
        "find out who made 10.200.0.0/25, and remove it",
      ],
      ["fault", "cloud", "worker-0 (i-0)", undefined],
      ["note", "cloud", "AWS", undefined],
    ],
  );
});

test("of many nodes only what fails is shown", () => {
  const ends = Array.from({ length: 40 }, (_, i) => ({
    node: `n${i}`,
    address: `10.200.${i}.2`,
    pod: true,
  }));
  const failed = Array.from({ length: 39 }, (_, i) => ({
    from: "n0",
    to: `n${i + 1}`,
    source: "10.200.0.2",
    target: `10.200.${i + 1}.2`,
  }));
  const report = reportOf({
    ok: false,
    verdict: "wrong",
    pings: { ends, sent: 40 * 39, failed, left: [] },
  });
  const text = reportText(report).split("\n");
  assert.equal(text[0], "Pings from pod to pod: 1521 of 1560 answered");
  assert.equal(text[1], "  n0 (10.200.0.2) does not reach n1 (10.200.1.2)");
  assert.deepEqual(text.slice(21), [
    "  and 19 more",
    "",
    "pings without an answer: 39",
  ]);
});
