import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "../../lab/exec.ts";
import { commands, environment, inLab, type Kind } from "../contender.ts";
import { isController } from "../inventory.ts";
import { writeTables } from "../tables.ts";

/** OpenTofu's `terraform_data` with `remote-exec`. */
export function openTofu(tofu: string, version: string): Kind {
  return {
    id: "opentofu",
    title: "OpenTofu, remote-exec",
    version,
    again: "looks at its state, contacts no host",
    async start(site) {
      const { lab, directory, parallel } = site;
      const env = { CHECKPOINT_DISABLE: "1" };
      copyFileSync(
        join(import.meta.dirname, "../opentofu/main.tf"),
        join(directory, "main.tf"),
      );
      await run(tofu, ["init", "-input=false", "-no-color"], {
        cwd: directory,
        env: environment(site, env),
      });
      const options = ["-auto-approve", "-input=false", "-no-color"];
      const tables = join(directory, "tables");
      return {
        ...commands((verb) => {
          const command = [tofu, verb, ...options, `-parallelism=${parallel}`];
          return inLab(site, directory, command, env);
        }),
        stateFile: join(directory, "terraform.tfstate"),
        async describe(nodes) {
          writeTables(tables, nodes);
          const hosts = nodes.map((node) => [
            node.name,
            {
              address: node.address,
              controller: isController(node),
              hostKey: lab.host(node.name).hostKey,
            },
          ]);
          writeFileSync(
            join(directory, "bench.auto.tfvars.json"),
            JSON.stringify({
              nodes: Object.fromEntries(hosts),
              privateKeyFile: lab.key,
              tables,
            }),
          );
        },
      };
    },
  };
}
