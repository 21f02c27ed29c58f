import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { up, upFails } from "../stacks.ts";
import { FlannelScenario } from "./flannelScenario.ts";

describe("the overlay on dual stack", () => {
  const scenario = new FlannelScenario({ workers: 2, dualStack: true });
  const flannel = {
    network: ["10.244.0.0/16", "fd00:10:244::/48"],
    interfaces: { cidrs: ["192.168.56.0/24", "fd00:192:168:56::/64"] },
    maxUnavailable: "100%",
  };

  it("refuses an inventory that has only one of a node's two pod CIDRs", async () => {
    const nodes = scenario.nodes().map(({ podCidrs, ...node }) => ({
      ...node,
      ...(Array.isArray(podCidrs) && { podCidrs: podCidrs.slice(0, 1) }),
    }));
    const ipv4 = { interfaces: { names: ["enp0s8"] } };
    const stack = await scenario.stack("half", ipv4, { nodes });
    assert.match(
      await upFails(stack),
      /worker-0 has pod CIDR 10\.244\.0\.0\/24,fd00:10:244:10::\/64 in Kubernetes, the inventory says 10\.244\.0\.0\/24/,
    );
  });

  it("finds the interface by CIDRs of both families, and connects pods by both", async () => {
    const stack = await scenario.stack("dual", flannel);
    await up(stack);
    await scenario.cluster.connected();
    const { metadata } = await scenario.cluster.get<{
      metadata: { annotations: Record<string, string> };
    }>("node", "worker-1");
    const told = (key: string) =>
      metadata.annotations[`flannel.alpha.coreos.com/${key}`];
    assert.equal(told("public-ip"), "192.168.56.21");
    assert.equal(told("public-ipv6"), "fd00:192:168:56::21");
    await scenario.destroy(stack);
  });
});
