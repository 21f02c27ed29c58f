import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands, inLab, type Kind } from "../contender.ts";
import { type BenchNode, hasIpv6, namesOn, routesOn } from "../inventory.ts";
import { writeSshConfig } from "../sshConfig.ts";

/** One SSH session a host and nothing besides: what no tool that goes by SSH can be faster than. */
export function parallelSsh(openssh: string): Kind {
  return {
    id: "ssh",
    title: "parallel ssh, `ip -batch`",
    version: openssh,
    again: "does everything again",
    async start(site) {
      const config = writeSshConfig(site, true);
      const scripts = (verb: string) => join(site.directory, verb);
      const bench = join(import.meta.dirname, "..");
      const loop = ["sh", "parallel/all.sh"];
      return {
        ...commands((verb) =>
          inLab(site, bench, [
            ...loop,
            scripts(verb),
            config,
            `${site.parallel}`,
          ]),
        ),
        async describe(nodes) {
          for (const verb of ["apply", "destroy"] as const) {
            rmSync(scripts(verb), { recursive: true, force: true });
            mkdirSync(scripts(verb));
            for (const node of nodes) {
              const file = join(scripts(verb), node.address);
              writeFileSync(file, script(verb, node, nodes));
            }
          }
        },
      };
    },
  };
}

function script(
  verb: "apply" | "destroy",
  node: BenchNode,
  nodes: readonly BenchNode[],
): string {
  const [change, forward] = verb === "apply" ? ["replace", 1] : ["del", 0];
  const names = namesOn(node, nodes);
  const block = ["# BEGIN bench", ...names, "# END bench"];
  const unblock = "sed -i '/^# BEGIN bench/,/^# END bench/d' /etc/hosts";
  const lines = [
    "set -e",
    `echo ${forward} >/proc/sys/net/ipv4/ip_forward`,
    ...(hasIpv6(nodes)
      ? [`echo ${forward} >/proc/sys/net/ipv6/conf/all/forwarding`]
      : []),
    "ip -batch - <<'EOF'",
    ...routesOn(node, nodes).map((route) => `route ${change} ${route}`),
    "EOF",
    ...(names.length === 0 ? [] : [unblock]),
    ...(names.length === 0 || verb === "destroy"
      ? []
      : ["cat >>/etc/hosts <<'EOF'", ...block, "EOF"]),
  ];
  return `${lines.join("\n")}\n`;
}
