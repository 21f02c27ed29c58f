import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Command, environment, inLab, type Kind } from "../contender.ts";
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
      const play = (book: string): Command => {
        // a run of its own: no connection of the one before is there to be used again
        rmSync(join(home, "cp"), { recursive: true, force: true });
        return {
          command: inLab(
            site,
            ...python.command("ansible-playbook"),
            "--inventory",
            inventoryFile,
            book,
            "--forks",
            String(site.parallel),
          ),
          cwd: sources,
          env: environment(site, { ...python.env, ANSIBLE_HOME: home }),
        };
      };
      return {
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
        apply: () => play("apply.yml"),
        destroy: () => play("destroy.yml"),
      };
    },
  };
}
