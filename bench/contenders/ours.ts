import { configOf } from "../../lab/stack.ts";
import type { Kind } from "../contender.ts";
import { hasIpv6, networks } from "../inventory.ts";
import { type BenchEngine, programProcess, stackAt } from "../pulumi.ts";

/**
 * This project.
 *
 * @param directory a copy of it, installed as `npm start` installs it
 */
export function ours(
  engine: BenchEngine,
  directory: string,
  version: string,
): Kind {
  return {
    id: "ours",
    title: "pod-network-routes",
    version,
    again: "logs in on every host, and looks at its state",
    program: programProcess,
    async start(site) {
      const project = { name: "pod-network-routes", directory };
      const started = await stackAt(site, engine, project);
      const ssh = {
        privateKeyFile: site.lab.key,
        knownHostsFile: site.lab.knownHosts,
      };
      return {
        ...started,
        async describe(nodes) {
          const list = nodes.map(
            ({ name, address, internalIps, podCidrs }) => ({
              name,
              address,
              internalIp: internalIps,
              podCidrs,
            }),
          );
          const nodeSubnets =
            networks[hasIpv6(nodes) ? "scattered" : "sequential"];
          started.stack.configure(configOf({ nodes: list, nodeSubnets, ssh }));
        },
      };
    },
  };
}
