import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands, inLab, type Kind } from "../contender.ts";
import { type BenchNode, isController } from "../inventory.ts";
import type { Python } from "../python.ts";
import { writeTables } from "../tables.ts";

const sources = join(import.meta.dirname, "../pyinfra");

export function pyinfra(python: Python): Kind {
  return {
    id: "pyinfra",
    title: "pyinfra",
    version: python.version("pyinfra"),
    again: "does everything again",
    async start(site) {
      const tables = join(site.directory, "tables");
      const hosts = join(site.directory, "hosts.json");
      const login = {
        tables,
        ssh_user: "root",
        ssh_key: site.lab.key,
        ssh_allow_agent: false,
        ssh_look_for_keys: false,
        ssh_known_hosts_file: site.lab.knownHosts,
        ssh_strict_host_key_checking: "yes",
      };
      const group = (nodes: readonly BenchNode[]) =>
        nodes.map(({ name, address }) => [
          name,
          { ...login, ssh_hostname: address },
        ]);
      return {
        ...commands((verb) => {
          const command = [
            ...python.command("pyinfra"),
            "inventory.py",
            "deploy.py",
            "--yes",
            `--data=verb=${verb}`,
            `--parallel=${site.parallel}`,
          ];
          return inLab(site, sources, command, { ...python.env, HOSTS: hosts });
        }),
        async describe(nodes) {
          writeTables(tables, nodes);
          const groups = {
            controllers: group(nodes.filter(isController)),
            workers: group(nodes.filter((node) => !isController(node))),
          };
          writeFileSync(hosts, JSON.stringify(groups));
        },
      };
    },
  };
}
