import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commands, inLab, type Kind } from "../contender.ts";
import { isController } from "../inventory.ts";
import type { Python } from "../python.ts";
import { writeSshConfig } from "../sshConfig.ts";
import { writeTables } from "../tables.ts";

const sources = join(import.meta.dirname, "../ansible");

/** ansible-core: see ../README.md for what makes it fast. */
export function ansible(python: Python): Kind {
  return {
    id: "ansible",
    title: "ansible-core",
    version: python.version("ansible-core"),
    again: "does everything again",
    async start(site) {
      const config = writeSshConfig(site, true);
      const tables = join(site.directory, "tables");
      const inventoryFile = join(site.directory, "hosts.json");
      const home = join(site.directory, "a");
      return {
        ...commands((verb) => {
          // each run connects anew: it does not use the connections of the run before
          rmSync(join(home, "cp"), { recursive: true, force: true });
          const command = [
            ...python.command("ansible-playbook"),
            `--inventory=${inventoryFile}`,
            `${verb}.yml`,
            `--forks=${site.parallel}`,
          ];
          const env = { ...python.env, ANSIBLE_HOME: home };
          return inLab(site, sources, command, env);
        }),
        async describe(nodes) {
          writeTables(tables, nodes);
          const hosts = nodes.map(({ name, address }) => [
            name,
            { ansible_host: address },
          ]);
          const controllers = nodes.filter(isController);
          const all = {
            hosts: Object.fromEntries(hosts),
            vars: {
              ansible_user: "root",
              ansible_python_interpreter: "/usr/bin/python3",
              ansible_ssh_common_args: `-F ${config}`,
              tables,
            },
            children: {
              controllers: {
                hosts: Object.fromEntries(
                  controllers.map(({ name }) => [name, {}]),
                ),
              },
            },
          };
          writeFileSync(inventoryFile, JSON.stringify({ all }));
        },
      };
    },
  };
}
