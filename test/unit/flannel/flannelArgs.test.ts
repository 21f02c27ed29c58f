import assert from "node:assert/strict";
import { test } from "node:test";
import { cidr } from "../clusterFaults.ts";
import { cluster, file, hostKey } from "../mockedStack.ts";
import {
  bothNetworks,
  dualStack,
  faultsOf,
  flannelFaults,
  ipv6Only,
  overlay,
  planOf,
  testFaults,
  withFlannel,
} from "./flannelSupport.ts";

test("without keys of flannel the defaults are those of flannel's manifest", () => {
  const { flannel, controller, adoptExisting } = planOf();
  assert.deepEqual(flannel, {
    network: [cidr("10.244.0.0/16")],
    backend: { type: "vxlan" },
    interfaces: { names: [], regexes: [], cidrs: [] },
    image: "ghcr.io/flannel-io/flannel:v0.28.4",
    cniPluginImage: "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1",
    namespace: "kube-flannel",
    resources: { requests: { cpu: "100m", memory: "50Mi" } },
    tolerations: [{ operator: "Exists", effect: "NoSchedule" }],
    priorityClassName: "system-node-critical",
    maxUnavailable: "10%",
    kubectl: "kubectl",
    rolloutTimeout: 600,
  });
  assert.equal(controller.name, "server");
  assert.equal(adoptExisting, false);
});

test("on dual stack there is one network per address family, in any order", () => {
  for (const network of [bothNetworks, [...bothNetworks].reverse()]) {
    const { flannel } = planOf({ network }, dualStack);
    assert.deepEqual(flannel.network, network.map(cidr));
  }
});

test("without IPv4 there is one network, given alone or as a list", () => {
  for (const network of ["fd00:244::/32", ["fd00:244::/32"]]) {
    const { flannel } = planOf({ network }, ipv6Only);
    assert.deepEqual(flannel.network, [cidr("fd00:244::/32")]);
  }
});

testFaults([
  [
    "no inventory",
    { ssh: overlay.ssh },
    "nodes: give the inventory by one of nodes, machinesFile, inventory; none is given",
  ],
  [
    "no node with pods",
    { ...overlay, nodes: overlay.nodes.slice(0, 1) },
    "nodes: no node has a pod CIDR, so there is nothing to route",
  ],
  [
    "no object for the overlay",
    { ...overlay, flannel: null },
    "flannel: null is not of type object",
  ],
  [
    "no object for the interfaces",
    withFlannel({ interfaces: null }),
    "flannel.interfaces: null is not of type object",
  ],
  [
    "a network that is none",
    withFlannel({ network: "10.244.0.0" }),
    'flannel.network: "10.244.0.0" is not a CIDR, expected for example 10.200.0.0/24 or fd00:200::/64',
  ],
  [
    "a network with host bits",
    withFlannel({ network: ["10.244.0.1/16"] }),
    'flannel.network[0]: "10.244.0.1/16" has host bits set, the canonical form is 10.244.0.0/16',
  ],
  [
    "a network that is a number",
    withFlannel({ network: 7 }),
    "flannel.network: 7 is not allowed: expected a CIDR, or a list of one IPv4 and one IPv6 CIDR",
  ],
  [
    "an empty list of networks",
    withFlannel({ network: [] }),
    "flannel.network: expected one or two CIDRs, there is none",
  ],
  [
    "two networks of one family",
    withFlannel({ network: ["10.244.0.0/16", "10.245.0.0/16"] }),
    'flannel.network[1]: "10.245.0.0/16" is IPv4 as "10.244.0.0/16", expected at most one network an address family',
  ],
  [
    "a pod CIDR outside of the network",
    withFlannel({ network: "10.244.0.0/23" }),
    'nodes[2]: pod CIDR "10.244.2.0/24" of node-1 is outside of flannel.network 10.244.0.0/23, expected the network to contain every pod CIDR: it is --cluster-cidr of kube-controller-manager',
  ],
  [
    "a network that is a part of a pod CIDR",
    withFlannel({ network: "10.244.1.0/25" }),
    'nodes[1]: pod CIDR "10.244.1.0/24" of node-0 is outside of flannel.network 10.244.1.0/25, expected the network to contain every pod CIDR: it is --cluster-cidr of kube-controller-manager',
    'nodes[2]: pod CIDR "10.244.2.0/24" of node-1 is outside of flannel.network 10.244.1.0/25, expected the network to contain every pod CIDR: it is --cluster-cidr of kube-controller-manager',
  ],
  [
    "pod CIDRs of a family without a network",
    dualStack,
    'nodes[1]: pod CIDR "fd00:244:1::/64" of node-0 is IPv6, flannel.network 10.244.0.0/16 is not: add an IPv6 network',
    'nodes[2]: pod CIDR "fd00:244:2::/64" of node-1 is IPv6, flannel.network 10.244.0.0/16 is not: add an IPv6 network',
  ],
  [
    "a network of a family without pod CIDRs",
    withFlannel({ network: bothNetworks }),
    "nodes[1]: node-0 has no IPv6 pod CIDR, which flannel.network fd00:244::/32 asks of every node that runs pods",
    "nodes[2]: node-1 has no IPv6 pod CIDR, which flannel.network fd00:244::/32 asks of every node that runs pods",
  ],
  [
    "a controller that runs pods of one family only",
    withFlannel(
      { network: bothNetworks },
      {
        ...dualStack,
        nodes: dualStack.nodes.map((node) =>
          node.name === "server"
            ? { ...node, role: "controller", podCidrs: ["10.244.0.0/24"] }
            : node,
        ),
      },
    ),
    "nodes[0]: server has no IPv6 pod CIDR, which flannel.network fd00:244::/32 asks of every node that runs pods",
  ],
  [
    "a network over a node subnet",
    withFlannel(
      { network: "10.240.0.0/12" },
      { ...overlay, nodeSubnets: ["10.240.0.0/24"] },
    ),
    'flannel.network: "10.240.0.0/12" overlaps 10.240.0.0/24 of nodeSubnets, which the overlay would swallow',
    'flannel.network: "10.240.0.0/12" contains the internal IP 10.240.0.10 of server, which the overlay would cut off',
    'flannel.network: "10.240.0.0/12" contains the internal IP 10.240.0.20 of node-0, which the overlay would cut off',
    'flannel.network: "10.240.0.0/12" contains the internal IP 10.240.0.21 of node-1, which the overlay would cut off',
  ],
  [
    "a network in a service CIDR",
    withFlannel({}, { ...overlay, serviceCidrs: ["10.244.128.0/17"] }),
    'flannel.network: "10.244.0.0/16" overlaps 10.244.128.0/17 of serviceCidrs, which the overlay would swallow',
  ],
  [
    "a controller that is no node",
    withFlannel({ controller: "serber" }),
    'flannel.controller: "serber" is the name of no node, expected one of server, node-0, node-1',
  ],
  [
    "no controller",
    { ...overlay, nodes: overlay.nodes.slice(1) },
    "nodes: there is no controller on which kubectl could be run: add one, or name a node that has kubectl and a kubeconfig in flannel.controller",
  ],
  [
    "a misspelt key of flannel",
    withFlannel({ netwrok: "10.244.0.0/16" }),
    "flannel.netwrok: is not a known key, did you mean network? Known keys: network, backend, interfaces, image, cniPluginImage, namespace, resources, tolerations, priorityClassName, maxUnavailable, controller, kubectl, kubeconfig, rolloutTimeout",
  ],
  [
    "an overlay that is text",
    withFlannel("vxlan" as unknown as object),
    'flannel: "vxlan" is not of type object',
  ],
  [
    "a namespace with a capital",
    withFlannel({ namespace: "Flannel" }),
    'flannel.namespace: "Flannel" is not allowed: expected at most 63 lower-case letters, digits and -',
  ],
  [
    "a kubeconfig below ~/",
    withFlannel({ kubeconfig: "~/.kube/config" }),
    'flannel.kubeconfig: "~/.kube/config" is not allowed: expected a path that begins with / and has letters, digits and _ . / @ + - only',
  ],
  [
    "a kubectl that is a command line",
    withFlannel({ kubectl: "k3s kubectl" }),
    'flannel.kubectl: "k3s kubectl" is not allowed: expected a name, or a path that begins with /, of letters, digits and _ . / -',
  ],
  [
    "a time limit of a second",
    withFlannel({ rolloutTimeout: 1 }),
    "flannel.rolloutTimeout: 1 is not allowed: expected 10 to 86400",
  ],
]);

test("all faults are named at once, also those between several keys", () => {
  const args = {
    ...withFlannel({
      network: ["10.240.0.0/16", "fd00:244::/32"],
      backend: { type: "wireguard", mtu: 1300, psk: "x", vni: 7 },
      interfaces: { names: ["a".repeat(16)], cidrs: ["10.240.0.16/28"] },
      image: "flannel",
      controller: "nobody",
      rolloutTimeout: 1,
    }),
    adoptExisting: "yes",
    ssh: { ...overlay.ssh, port: 0 },
  };
  assert.deepEqual(
    faultsOf(args)
      .map((fault) => fault.split(": ")[0])
      .sort(),
    [
      "adoptExisting",
      "flannel.backend.mtu",
      "flannel.backend.psk",
      "flannel.backend.vni",
      "flannel.controller",
      "flannel.image",
      "flannel.interfaces.cidrs",
      "flannel.interfaces.cidrs",
      "flannel.interfaces.names[0]",
      "flannel.network",
      "flannel.network",
      "flannel.network",
      "flannel.rolloutTimeout",
      "nodes[1]",
      "nodes[1]",
      "nodes[2]",
      "nodes[2]",
      "ssh.port",
    ],
  );
});

test("a node with a fault causes no further faults", () => {
  const [server, ...workers] = overlay.nodes;
  const nodes = [{ ...server, internalIp: "10.240.0.300" }, ...workers];
  const [fault, ...more] = flannelFaults(
    { controller: "server" },
    { ...overlay, nodes },
  );
  assert.match(fault ?? "", /^nodes\[0\]\.internalIp: /);
  assert.deepEqual(more, []);
});

test("the first controller runs kubectl, or the node that is named", () => {
  const nodes = [
    ...overlay.nodes,
    { name: "server-2", internalIp: "10.240.0.11" },
  ];
  const chosen = (controller?: string) =>
    planOf(controller === undefined ? {} : { controller }, {
      ...overlay,
      nodes,
    }).controller.name;
  assert.equal(chosen(), "server");
  assert.equal(chosen("server-2"), "server-2");
  assert.equal(chosen("node-1"), "node-1");
});

test("only the host key of that node is asked for", () => {
  const knownHostsFile = file("one_host", `10.240.0.10 ${hostKey}\n`);
  const ssh = { ...overlay.ssh, knownHostsFile };
  const { hosts } = planOf({}, { ...overlay, ssh });
  assert.deepEqual([...hosts.byNode.keys()], ["server"]);
  const [fault] = flannelFaults({ controller: "node-0" }, { ...overlay, ssh });
  assert.match(fault ?? "", /^nodes\[1\]: no .* host key of node-0 /);
});

test("host keys of other nodes are accepted, those of unknown nodes are refused", () => {
  const hostKeys = { server: hostKey, "node-0": hostKey };
  const keys = (more: object) =>
    flannelFaults(
      {},
      {
        ...overlay,
        ssh: { ...cluster.ssh, hostKeys: { ...hostKeys, ...more } },
      },
    );
  assert.deepEqual(keys({}), []);
  assert.deepEqual(keys({ "node-9": hostKey }), [
    "ssh.hostKeys.node-9: is the name of no node",
  ]);
});

test("the inventory may be a machines.txt file", () => {
  const machinesFile = file(
    "flannel_machines.txt",
    "10.240.0.10 server.local server\n10.240.0.20 node-0.local node-0 10.200.0.0/24\n",
  );
  const { ssh } = overlay;
  assert.deepEqual(flannelFaults({}, { ssh, machinesFile }), [
    `${machinesFile}:2: pod CIDR "10.200.0.0/24" of node-0 is outside of flannel.network 10.244.0.0/16, expected the network to contain every pod CIDR: it is --cluster-cidr of kube-controller-manager`,
  ]);
});
