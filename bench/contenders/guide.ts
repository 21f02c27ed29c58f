import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, environment, inLab, type Kind } from "../contender.ts";
import { writeSshConfig } from "../sshConfig.ts";

/** The guide's loops over the hosts, one SSH session after the other. */
export function guide(openssh: string): Kind {
  return {
    id: "guide",
    title: "the guide's ssh loop",
    version: openssh,
    again: "does everything again",
    async start(site) {
      const machines = join(site.directory, "machines.txt");
      const config = writeSshConfig(site, false);
      const loop = (verb: string): Command => ({
        command: inLab(site, "bash", "guide/loop.sh", verb, machines, config),
        cwd: join(import.meta.dirname, ".."),
        env: environment(site),
      });
      return {
        async describe(nodes) {
          const lines = nodes.map(
            ({ name, address, podCidrs: [podCidr = ""] }) =>
              `${address} ${name}.kubernetes.local ${name} ${podCidr}`.trimEnd(),
          );
          writeFileSync(machines, `${lines.join("\n")}\n`);
        },
        apply: () => loop("apply"),
        destroy: () => loop("destroy"),
      };
    },
  };
}
